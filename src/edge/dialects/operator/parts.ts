import type { Context } from 'koa';
import { z } from 'zod';
import type { Engine } from '../../../engine/index.ts';
import type { Accounts } from '../../../engine/users/index.ts';
import { type Actor, ok, parseJson, type Result, refused, type Tell } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import type { PageAsk, SealedPage } from '../../../store/sealed.ts';
import type { Admin, AdminTokens } from '../../access/index.ts';
import {
  type AdminRefusal,
  actorOf,
  askerOf,
  mayAct,
  type Readiness,
  readBody,
  readText,
  recogniseAdmin,
  type Seen,
} from '../../http/index.ts';
import { OperatorFault } from './errors.ts';

/** The parts of the operator interface. */
export type OperatorParts = {
  engine: Engine;
  accounts: Accounts;
  tell: Tell;
  adminTokens: AdminTokens;
  /** Checks an administrator's password. Rejects with `TurnedAway` after too many failures of this client or name. */
  checkLogin: (ctx: Context, name: string, password: string) => Promise<'right' | 'wrong'>;
  /** The effective address of a request. */
  clientAddress: (ctx: Context) => string;
  /** The checks of the running gateway. */
  health: { readiness: Readiness; isStoreOurs: () => Promise<boolean>; seen: () => readonly Seen[] };
  /** Examines a page of sealed records. */
  lookAtSealed: (ask: PageAsk) => Promise<SealedPage>;
};

/** The dialect's name in log, metrics and policies. */
export const dialect = 'ops';

/** Parses a query by its schema. Refuses unknown, repeated and invalid parameters. */
export function readQuery<T extends z.ZodType>(ctx: Context, schema: T): z.output<T> {
  const parsed = schema.safeParse({ ...ctx.query });
  if (parsed.success) return parsed.data;
  throw new OperatorFault('bad-request', z.prettifyError(parsed.error));
}

/** The caller as policies and transactions see it. */
export const askerFor = ({ clientAddress }: OperatorParts, ctx: Context) =>
  askerOf(ctx, { authServer: '', dialect, client: clientAddress(ctx) });

/** The token in `Authorization: Bearer …`. */
export function adminTokenOf(ctx: Context): Result<string, { kind: 'no-token' }> {
  const header = ctx.get('authorization');
  return header === '' ? refused({ kind: 'no-token' }) : ok(header.replace(/^Bearer /i, ''));
}

/** The administrator of the request's token. Refused without a token, or if policies give this right in no realm. */
export async function administratorOf(parts: OperatorParts, ctx: Context, right: Permission): Promise<Admin> {
  const admin = await recogniseAdmin(parts, ctx, { token: adminTokenOf(ctx), right, asker: () => askerFor(parts, ctx) });
  if (!admin.ok) throw refusalOf(admin.error);
  return admin.value;
}

/** The same for an administrator with the right `operate`, and with `right` too if it is given. */
export async function operatorOf(parts: OperatorParts, ctx: Context, right?: Permission): Promise<Admin> {
  const admin = await administratorOf(parts, ctx, 'operate');
  if (right && !mayAct(parts, askerFor(parts, ctx), { admin, right })) throw withoutRight(right);
  return admin;
}

const withoutRight = (right: Permission): OperatorFault =>
  new OperatorFault('forbidden', `No policy gives this administrator the right ${right}.`);

/** The refusal for a request without a token of an administrator with the required right. */
export function refusalOf(refusal: AdminRefusal): OperatorFault {
  switch (refusal.kind) {
    case 'no-token':
      return new OperatorFault('no-authorization', 'Log in at /ops/auth and send its token as Authorization: Bearer …');
    case 'no-right':
      return refusal.right === 'operate'
        ? new OperatorFault('forbidden', 'No policy allows this administrator to operate.')
        : withoutRight(refusal.right);
    default:
      return new OperatorFault('no-authorization', 'The token has expired or is not from this gateway. Log in again.');
  }
}

/** The same administrator, for events. */
export async function actingOperator(parts: OperatorParts, ctx: Context, right?: Permission): Promise<Actor> {
  const admin = await operatorOf(parts, ctx, right);
  return actorOf(askerFor(parts, ctx), admin);
}

/** Parses a JSON body by its schema. The refusal lists every problem with its path. */
export async function readJson<T extends z.ZodType>(ctx: Context, schema: T): Promise<z.output<T>> {
  const body = await readBody(ctx);
  if (!body.ok) throw new OperatorFault(body.error === 'too-large' ? 'too-large' : 'bad-request', `The body is ${body.error}.`);
  const parsed = schema.safeParse(parse(readText(body.value, 'utf-8', 'The body')));
  if (parsed.success) return parsed.data;
  throw new OperatorFault('bad-request', z.prettifyError(parsed.error));
}

function parse(text: string): unknown {
  const json = parseJson(text);
  if (json === undefined) throw new OperatorFault('bad-request', 'The body is not JSON.');
  return json;
}
