import type { Context } from 'koa';
import type { Asker } from '../../../engine/index.ts';
import { type AuthServer, type AuthServerRight, bearerOf } from '../../access/index.ts';
import { askerOf, type Caller, type CallerParts, clientsOf, recogniseCaller, type StreamPlaces } from '../../http/index.ts';
import { RestProblem } from './problems.ts';

/** The parts of the dialect. */
export type RestParts = CallerParts & {
  /** The path of the mount. */
  path: string;
  /** The user's address for policies; a trusted proxy may name it. */
  userAddress: (ctx: Context) => string;
  /** How long after the phone's answer an auth server may consume a challenge (ms). */
  graceMs: number;
  /** How browsers reach this mount, if they do. */
  publicUrl?: string | undefined;
  /** The event streams of this process. */
  streams: StreamPlaces;
};

/** The dialect's name in log, metrics and policies. */
export const dialect = 'rest';

/** The caller as policies and transactions see it. */
export const askerFor = (parts: RestParts, ctx: Context, { name, realms }: AuthServer): Asker =>
  askerOf(ctx, { authServer: name, realms, dialect, mount: parts.path, ...clientsOf(parts, ctx) });

/** The auth server of a request whose body was read. Refused when it is unknown or lacks the right. */
export async function authServerOf(parts: RestParts, ctx: Context, right: AuthServerRight): Promise<Caller> {
  const bearer = bearerOf(ctx.get('authorization'));
  const caller = await recogniseCaller(parts, ctx, { mount: parts.path, bearer, right });
  if (caller.ok) return caller.value;
  switch (caller.error.kind) {
    case 'unknown-certificate':
      throw new RestProblem('not-authenticated', 'The client certificate of this request belongs to no auth server.');
    case 'unknown-caller':
      throw new RestProblem('not-authenticated', 'This caller is no auth server of this mount. Send an API key as Authorization: Bearer …');
    case 'no-right':
      throw new RestProblem('not-allowed', `This auth server does not have the right ${right}.`);
    default:
      throw new RestProblem('not-authenticated', 'The credential of this request is not valid.');
  }
}
