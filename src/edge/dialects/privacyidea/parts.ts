import type { Context } from 'koa';
import type { Asker, Engine } from '../../../engine/index.ts';
import type { AdminTokens, AuthServer, CallerFacts } from '../../access/index.ts';
import type { PiProduct } from '../../formats/privacyidea/index.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type PrivacyideaParts = {
  engine: Engine;
  callerOf: (facts: CallerFacts) => AuthServer | undefined;
  adminTokens: AdminTokens;
  /** Checks an administrator's password; `blocked` after too many failures of this source. */
  checkLogin: (name: string, password: string, source: string) => Promise<'right' | 'wrong' | 'blocked'>;
  /** The address a request counts as coming from. */
  clientAddress: (ctx: Context) => string;
  product: PiProduct;
  mount: { path: string; publicPoll: boolean };
  /** How long an auth server may finish after an answer, in ms. */
  graceMs: number;
};

/** The asker of a request by this auth server, as policies see it. */
export function askerOf({ clientAddress }: PrivacyideaParts, ctx: Context, authServer: AuthServer): Asker {
  return {
    authServer: authServer.name,
    dialect: 'privacyidea',
    client: clientAddress(ctx),
    userAgent: ctx.get('user-agent').slice(0, 256),
  };
}
