import type { Context } from 'koa';
import { z } from 'zod';
import type { Engine } from '../../../engine/index.ts';
import type { Accounts } from '../../../engine/users/index.ts';
import { type Actor, ok, parseJson, refused, type Tell } from '../../../foundation/model/index.ts';
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

/** The parts of the operator's interface. */
export type OperatorParts = {
  engine: Engine;
  accounts: Accounts;
  tell: Tell;
  adminTokens: AdminTokens;
  /** The effective address of a request. */
  clientAddress: (ctx: Context) => string;
  /** The checks of the running gateway. */
  health: { readiness: Readiness; isStoreOurs: () => Promise<boolean>; seen: () => readonly Seen[] };
  /** Examines a page of sealed records. */
  lookAtSealed: (ask: PageAsk) => Promise<SealedPage>;
};

/** The dialect's name in log, metrics and policies. */
export const dialect = 'ops';

/** The caller as policies and transactions see it. */
export const askerFor = ({ clientAddress }: OperatorParts, ctx: Context) =>
  askerOf(ctx, { authServer: '', dialect, client: clientAddress(ctx) });

/**
 * The administrator of a request's token in `Authorization: Bearer …`. Refused without a valid token, or when policies
 * do not grant the right to operate, or the further `right`.
 */
export async function operatorOf(parts: OperatorParts, ctx: Context, right?: Permission): Promise<Admin> {
  const header = ctx.get('authorization');
  const token = header === '' ? refused({ kind: 'no-token' } as const) : ok(header.replace(/^Bearer /i, ''));
  const admin = await recogniseAdmin(parts, ctx, { token, right: 'operate', asker: () => askerFor(parts, ctx) });
  if (!admin.ok) throw refusalOf(admin.error);
  if (right && !mayAct(parts, askerFor(parts, ctx), { admin: admin.value, right }))
    throw new OperatorFault('forbidden', `No policy gives this administrator the right ${right}.`);
  return admin.value;
}

function refusalOf({ kind }: AdminRefusal): OperatorFault {
  switch (kind) {
    case 'no-token':
      return new OperatorFault('no-authorization', 'Log in at /auth and send its token as Authorization: Bearer …');
    case 'no-right':
      return new OperatorFault('forbidden', 'No policy allows this administrator to operate.');
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
