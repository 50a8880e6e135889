import type { Context } from 'koa';
import type { Asker, Engine } from '../../../engine/index.ts';
import type { AdminTokens, AuthServer, CallerFacts, Credentials } from '../../access/index.ts';
import type { PiProduct } from '../../formats/privacyidea/index.ts';
import { askerOf } from '../../http/index.ts';
import { userFacts } from './user-facts.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type PrivacyideaParts = {
  engine: Engine;
  callerOf: (facts: CallerFacts) => AuthServer | undefined;
  /** Finds the auth server whose API key, signature or JWT a request shows. */
  credentials: Credentials;
  adminTokens: AdminTokens;
  /** Checks an administrator's password; `blocked` after too many failures of this source. */
  checkLogin: (name: string, password: string, source: string) => Promise<'right' | 'wrong' | 'blocked'>;
  /** The address a request counts as coming from. */
  clientAddress: (ctx: Context) => string;
  /** The address that policies take for the user's: a proxy that is known for it may name it. */
  userAddress: (ctx: Context) => string;
  product: PiProduct;
  mount: { path: string; publicPoll: boolean };
  /** How long an auth server may finish after an answer, in ms. */
  graceMs: number;
};

/** The asker of a request, as policies see it: this auth server, or nobody that is one; and what is known of the user by now. */
export const askerFor = ({ userAddress }: Pick<PrivacyideaParts, 'userAddress'>, ctx: Context, authServer?: AuthServer): Asker => ({
  ...askerOf(ctx, { authServer: authServer?.name ?? '', dialect: 'privacyidea', client: userAddress(ctx) }),
  ...userFacts(ctx),
});
