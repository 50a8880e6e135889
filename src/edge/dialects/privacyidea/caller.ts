import type { Context } from 'koa';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import { permissions } from '../../../policy/index.ts';
import { type Admin, type AuthServer, bearerOf, type SecondDecoding, type TokenRefusal } from '../../access/index.ts';
import { noRightFault, PiFault } from '../../formats/privacyidea/index.ts';
import {
  type AdminRefusal,
  type Caller,
  type CallerClaim,
  type CallerParts,
  type CallerRefusal,
  claimedServer,
  logOut,
  recogniseAdmin,
  recogniseCaller,
} from '../../http/index.ts';
import { flavourRules } from './flavour.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';

/** The rights of administrators, by privacyIDEA's names: all permissions but our own. */
export const adminRights = permissions.filter((name) => name !== 'operate' && name !== 'audit_erase');
/** One of them. */
export type AdminRight = (typeof adminRights)[number];

/**
 * The auth server of a request: by certificate, else by credential, else by administrator, else by network. Throws the
 * dialect's refusal when it is unknown, its credential is wrong, or it lacks the right.
 */
export async function authServerOf(
  parts: PrivacyideaParts,
  ctx: Context,
  right: AuthServer['rights'][number],
  admin?: Admin,
): Promise<Caller> {
  const caller = await recogniseCaller(parts, ctx, claimOf(parts, ctx, right, admin));
  if (!caller.ok) throw callerFault(caller.error, right);
  return caller.value;
}

/** Whether a request is from an auth server with this right; a no is not reported as a refusal. */
export const isAuthServer = async (parts: PrivacyideaParts, ctx: Context, right: AuthServer['rights'][number]): Promise<boolean> =>
  (await recogniseCaller(parts, ctx, { ...claimOf(parts, ctx, right), isAsked: true })).ok;

const claimOf = (parts: PrivacyideaParts, ctx: Context, right: AuthServer['rights'][number], admin?: Admin): CallerClaim => ({
  mount: parts.mount.path,
  // A logged-in administrator's token is in the Authorization header.
  bearer: admin ? '' : bearerIn(ctx),
  right,
  admin,
});

const bearerIn = (ctx: Context): string => bearerOf(ctx.get('pi-authorization') || ctx.get('authorization'));

/**
 * The second-decoding rule for a request at this mount: that of the auth server that the request claims to be from, and
 * it decides nothing else. An administrator's token counts for the auth server that the administrator acts for.
 */
export const secondDecodingAt =
  (parts: Pick<CallerParts, 'networkAddress' | 'claims' | 'callerOf'>, mount: string) =>
  async (ctx: Context): Promise<SecondDecoding | undefined> =>
    (await claimedServer(parts, ctx, { mount, bearer: bearerIn(ctx) }))?.secondDecoding;

function callerFault(refusal: CallerRefusal, right: string): PiFault {
  switch (refusal.kind) {
    case 'malformed':
    case 'expired':
      return tokenFault(refusal);
    case 'wrong':
    case 'mistyped':
      return new PiFault('bad-authorization', 'Authentication failure. The API key or the signature of this request is not valid.');
    case 'unknown-certificate':
      return new PiFault('bad-authorization', 'Authentication failure. The client certificate of this request is not known here.');
    case 'unknown-caller':
      return new PiFault('policy', 'This address is not known as an auth server of this gateway.');
    case 'no-right':
      return new PiFault('policy', `This auth server does not have the right to ${right}.`);
    default:
      return refusal satisfies never;
  }
}

/**
 * The administrator of a request's token, in `Authorization` or, for privacyIDEA, `PI-Authorization`, with or without
 * `Bearer`. Throws 4033, 4304, 4305 or 4306, and 303 when policies do not grant the right.
 * @see docs/protocols/privacyidea.md 9
 */
export async function adminOf(parts: PrivacyideaParts, ctx: Context, right: AdminRight): Promise<Admin> {
  const admin = await recogniseAdmin(parts, ctx, { token: adminTokenOf(parts, ctx), right, asker: () => askerFor(parts, ctx) });
  if (!admin.ok) throw adminFault(admin.error);
  return admin.value;
}

/** Ends the token of a request, read like {@link adminOf}. Throws like that, except for policies. */
export async function endSession(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const token = adminTokenOf(parts, ctx);
  const ended = token.ok ? await logOut(parts, ctx, { token: token.value, asker: () => askerFor(parts, ctx) }) : token;
  if (!ended.ok) throw adminFault(ended.error);
}

function adminTokenOf({ product }: PrivacyideaParts, ctx: Context): Result<string, { kind: 'no-token' }> {
  const header =
    flavourRules(product)
      .tokenHeaders.map((name) => ctx.get(name))
      .find(Boolean) ?? '';
  return header === '' ? refused({ kind: 'no-token' }) : ok(header.replace(/^Bearer /i, ''));
}

function adminFault(refusal: AdminRefusal): PiFault {
  switch (refusal.kind) {
    case 'no-token':
    case 'forged':
      return new PiFault('no-authorization', 'Authentication failure. Missing Authorization header.');
    case 'no-right':
      return noRightFault(refusal.right);
    default:
      return tokenFault(refusal);
  }
}

function tokenFault(refusal: TokenRefusal): PiFault {
  switch (refusal.kind) {
    case 'malformed':
      return new PiFault('bad-authorization', `Authentication failure. Error decoding the Authorization token: ${refusal.detail}`);
    case 'expired':
      return new PiFault('expired-authorization', 'Authentication failure. Your token has expired: Signature has expired');
    case 'wrong-role':
      return new PiFault('wrong-role', 'Authentication failure. You do not have the necessary role to do this.');
    default:
      return refusal satisfies never;
  }
}
