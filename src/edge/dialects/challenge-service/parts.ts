import type { Context } from 'koa';
import type { z } from 'zod';
import type { Asker } from '../../../engine/index.ts';
import { parseJson } from '../../../foundation/model/index.ts';
import { type Admin, bearerOf } from '../../access/index.ts';
import { askerOf, type Caller, type CallerParts, mayAct, readBody, readText, recogniseCaller, takeOverIds } from '../../http/index.ts';
import { ChallengeServiceFault } from './replies.ts';

/** The parts of the dialect. */
export type ChallengeServiceParts = Omit<CallerParts, 'checkLogin'> & {
  /** The path of the mount. */
  path: string;
};

/** The dialect's name in log, metrics and policies. */
export const dialect = 'challenge-service';

/**
 * The auth server of a request whose body was read: by certificate, else by credential, else by network. Refused when
 * it is unknown, its credential is wrong, or it lacks the right to trigger.
 */
export async function authServerOf(parts: ChallengeServiceParts, ctx: Context): Promise<Caller> {
  const bearer = bearerOf(ctx.get('authorization'));
  const caller = await recogniseCaller(parts, ctx, { mount: parts.path, bearer, right: 'trigger' });
  if (caller.ok) return caller.value;
  switch (caller.error.kind) {
    case 'unknown-certificate':
      throw new ChallengeServiceFault(401, 'Unknown client certificate');
    case 'unknown-caller':
      throw new ChallengeServiceFault(401, 'Unknown auth server');
    case 'no-right':
      throw new ChallengeServiceFault(403, 'This auth server lacks the right to trigger');
    default:
      throw new ChallengeServiceFault(401, 'The credential of this request is not valid');
  }
}

/** The caller as policies and transactions see it. */
export const askerFor = ({ clientAddress, path: mount }: ChallengeServiceParts, ctx: Context, authServer: string): Asker =>
  askerOf(ctx, { authServer, dialect, mount, client: clientAddress(ctx) });

/**
 * The administrator of a request's token, if policies grant the right to operate; undefined without a token of ours.
 */
export async function adminOf(parts: ChallengeServiceParts, ctx: Context): Promise<Admin | undefined> {
  const token = /^Bearer (.+)$/i.exec(ctx.get('authorization'))?.[1];
  const admin = token === undefined ? undefined : await parts.adminTokens.read(token);
  if (!admin?.ok) return undefined;
  takeOverIds(ctx);
  if (!mayAct(parts, askerFor(parts, ctx, ''), { admin: admin.value, right: 'operate' }))
    throw new ChallengeServiceFault(403, 'No policy allows this administrator to operate');
  return admin.value;
}

/** Reads the body. Refuses one that is too large or broken. */
export async function bodyOf(ctx: Context): Promise<Buffer> {
  const body = await readBody(ctx);
  if (body.ok) return body.value;
  throw body.error === 'too-large'
    ? new ChallengeServiceFault(413, 'The body is too large')
    : new ChallengeServiceFault(400, 'The body is broken');
}

/** Parses JSON by its schema. The refusal names the first wrong field, never its value. */
export function parsed<T extends z.ZodType>(body: Buffer, schema: T): z.output<T> {
  const read = schema.safeParse(jsonOf(readText(body, 'utf-8', 'The body')));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new ChallengeServiceFault(400, `Missing or wrong: ${issue?.path.map(String).join('.') || 'body'}`);
}

function jsonOf(body: string): unknown {
  const json = parseJson(body);
  if (json === undefined) throw new ChallengeServiceFault(400, 'The body is not JSON');
  return json;
}
