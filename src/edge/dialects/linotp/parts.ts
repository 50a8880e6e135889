import type { Context } from 'koa';
import type { Asker, Engine } from '../../../engine/index.ts';
import type { AdminTokens, AuthServer, CallerFacts, Credentials } from '../../access/index.ts';
import type { LinotpProduct } from '../../formats/linotp/index.ts';
import { askerOf } from '../../http/index.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type LinotpParts = {
  engine: Engine;
  callerOf: (facts: CallerFacts) => AuthServer | undefined;
  /** Finds the auth server whose credential a request shows. */
  credentials: Credentials;
  adminTokens: AdminTokens;
  /** Checks an administrator's password; `blocked` after too many failures of this source. */
  checkLogin: (name: string, password: string, source: string) => Promise<'right' | 'wrong' | 'blocked'>;
  /** The address a request counts as coming from. */
  clientAddress: (ctx: Context) => string;
  product: LinotpProduct;
  mount: { path: string };
  /** Settings under the names that LinOTP has for them. */
  settings: Readonly<Record<string, string>>;
};

/** The asker of a request, as policies see it: this auth server, or nobody that is one. */
export const askerFor = ({ clientAddress }: LinotpParts, ctx: Context, authServer?: AuthServer): Asker =>
  askerOf(ctx, { authServer: authServer?.name ?? '', dialect: 'linotp', client: clientAddress(ctx) });
