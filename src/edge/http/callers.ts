import type { Context } from 'koa';
import type { Engine } from '../../engine/index.ts';
import { ok, type Result, refused } from '../../foundation/model/index.ts';
import type { AdminTokens, AuthServer, CallerFacts, CredentialRefusal, Credentials } from '../access/index.ts';
import { clientCertificate } from './client-certificate.ts';

/** What every dialect of auth servers works with: the engine, and who may call it. */
export type CallerParts = {
  engine: Engine;
  callerOf: (facts: CallerFacts) => AuthServer | undefined;
  /** Finds the auth server whose API key, signature or JWT a request shows. */
  credentials: Credentials;
  adminTokens: AdminTokens;
  /** Checks an administrator's password; rejects with `TurnedAway` after too many failures of this source. */
  checkLogin: (name: string, password: string, source: string) => Promise<'right' | 'wrong'>;
  /** The address a request counts as coming from. */
  clientAddress: (ctx: Context) => string;
};

/** An auth server that sent a request, and whether it showed a credential of its own rather than only came from its network. */
export type Caller = { server: AuthServer; showed: boolean };

/**
 * What a request says of its caller: the path of the mount it called, its bearer token (empty where that belongs to an administrator), what it wants to do;
 * and of the administrator it logged in as, the auth server that one acts for (`shown`), or the name.
 */
export type CallerClaim = { mount: string; bearer: string; right: AuthServer['rights'][number]; shown?: string; account?: string };

/** Why nobody is recognised: a credential that is not taken, nobody we know, or one who may not do that. */
export type CallerRefusal = CredentialRefusal | { kind: 'unknown-caller' } | { kind: 'no-right' };

/** The auth server that sent a request whose body was read: by its certificate, else by the credential it shows, else by its administrator or its network. */
export async function recogniseCaller(
  { clientAddress, credentials, callerOf }: Pick<CallerParts, 'clientAddress' | 'credentials' | 'callerOf'>,
  ctx: Context,
  { mount, bearer, right, shown, account }: CallerClaim,
): Promise<Result<Caller, CallerRefusal>> {
  const address = clientAddress(ctx);
  const found = shown === undefined ? await credentials(requestOf(ctx, address, bearer)) : ok(shown);
  if (!found.ok) return found;
  const known = { ...(found.value === undefined ? {} : { shown: found.value }), ...(account === undefined ? {} : { account }) };
  const server = callerOf({ address, mount, certificate: clientCertificate(ctx), ...known });
  if (!server) return refused({ kind: 'unknown-caller' });
  return server.rights.includes(right) ? ok({ server, showed: found.value !== undefined }) : refused({ kind: 'no-right' });
}

const requestOf = (ctx: Context, address: string, bearer: string): Parameters<Credentials>[0] => ({
  address,
  bearer,
  header: (name) => ctx.get(name),
  method: ctx.method,
  target: ctx.originalUrl,
  body: () => (ctx.state.rawBody instanceof Buffer ? ctx.state.rawBody : Buffer.alloc(0)),
});
