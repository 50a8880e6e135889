import type { Context } from 'koa';
import type { Asker, Engine } from '../../engine/index.ts';
import { liftStoreTime } from '../../foundation/deadline/index.ts';
import { type ActRefusalReason, type Result, refused, type Tell } from '../../foundation/model/index.ts';
import type { Permission } from '../../policy/index.ts';
import type { Admin, AdminTokens, TokenRefusal } from '../access/index.ts';
import { actorOf } from './callers.ts';
import { takeOverIds } from './observe.ts';

/** Why a request is not accepted as an administrator's. */
export type AdminRefusal = { kind: 'no-token' | 'forged' } | TokenRefusal | { kind: 'no-right'; right: Permission };

type AdminParts = { engine: Pick<Engine, 'admission'>; adminTokens: AdminTokens; tell: Tell };

/** The token of a request, or why it has none; the required right; and the caller as policies see it. */
export type AdminClaim = { token: Result<string, AdminRefusal>; right: Permission; asker: () => Asker };

/** The administrator of a request's token, if policies grant the right. Refusals become events. */
export async function recogniseAdmin(
  parts: AdminParts,
  ctx: Context,
  { token, right, asker }: AdminClaim,
): Promise<Result<Admin, AdminRefusal>> {
  const read = token.ok ? await parts.adminTokens.read(token.value) : token;
  if (!read.ok) {
    publishActRefusal(parts, asker(), { admin: { name: '' }, act: right, reason: read.error.kind });
    return read;
  }
  takeOverIds(ctx);
  // Administrators may wait for long lists; a login has to be quick in any case.
  if (right !== 'triggerchallenge') liftStoreTime();
  return mayAct(parts, asker(), { admin: read.value, right }) ? read : refused({ kind: 'no-right', right });
}

/** Logs out the administrator of a valid token. Needs no right; becomes an event. */
export async function logOut(
  { adminTokens, tell }: Omit<AdminParts, 'engine'>,
  ctx: Context,
  { token, asker }: { token: string; asker: () => Asker },
): Promise<Result<Admin, TokenRefusal>> {
  const ended = await adminTokens.end(token);
  if (!ended.ok) return ended;
  takeOverIds(ctx);
  tell({ kind: 'administrator-logged-out', by: actorOf(asker(), ended.value) });
  return ended;
}

/**
 * Whether policies allow an administrator this act, on a push token or user with these `realms`; a refusal becomes an
 * event.
 */
export function mayAct(
  { engine, tell }: Omit<AdminParts, 'adminTokens'>,
  asker: Asker,
  { admin, right, realms }: { admin: Admin; right: Permission; realms?: readonly string[] },
): boolean {
  if (engine.admission.mayAdminister(asker, admin, right, realms)) return true;
  publishActRefusal({ tell }, asker, { admin, act: right, reason: 'no-right' });
  return false;
}

/** Publishes the refusal of an administrative act. */
export function publishActRefusal(
  { tell }: Pick<AdminParts, 'tell'>,
  asker: Asker,
  { admin, act, reason }: { admin: Pick<Admin, 'name' | 'realm'>; act: string; reason: ActRefusalReason },
): void {
  tell({ kind: 'administration-refused', reason, act, by: actorOf(asker, admin) });
}
