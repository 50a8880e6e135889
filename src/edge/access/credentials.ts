import type { SourceLimits } from '../../engine/limits/index.ts';
import { type Clock, ok, type Result, refused } from '../../foundation/model/index.ts';
import type { Store } from '../../store/store.ts';
import { isMistyped } from './api-key-form.ts';
import { openApiKeys } from './api-keys.ts';
import type { AuthServer } from './auth-servers.ts';
import type { TokenRefusal } from './holder.ts';
import { openSignedRequests } from './signed-requests.ts';
import type { Tokens } from './tokens.ts';

/**
 * A request that may carry a credential. `bearer`: its bearer token, empty when that belongs to an administrator;
 * `target`: path and query as sent.
 */
export type CallerRequest = {
  address: string;
  bearer: string;
  header: (name: string) => string;
  method: string;
  target: string;
  body: () => Uint8Array;
};

/** Why a credential is refused. `mistyped`: an API key with a wrong checksum. */
export type CredentialRefusal = Exclude<TokenRefusal, { kind: 'wrong-role' }> | { kind: 'wrong' | 'mistyped' };

/**
 * Finds the auth server by the credential of a request: API key, signature, or JWT of role `validate`. Undefined
 * without a credential; a wrong credential is refused, even from the auth server's network. Rejects with `TurnedAway`
 * for a wrong one from an address that has sent too many.
 */
export type Credentials = (request: CallerRequest) => Promise<Result<string | undefined, CredentialRefusal>>;

type Parts = { servers: readonly AuthServer[]; tokens: Tokens; limits: SourceLimits; store: Store; clock: Clock };
type Verdict = Result<string | undefined, CredentialRefusal>;

const wrong: Verdict = refused({ kind: 'wrong' });
const mistyped: Verdict = refused({ kind: 'mistyped' });
const known = (owner: string | undefined): Verdict => (owner === undefined ? wrong : ok(owner));

/** Opens the credentials of these auth servers. */
export function openCredentials({ servers, tokens, limits, store, clock }: Parts): Credentials {
  const ownerOfKey = openApiKeys(servers.map(({ name, apiKeys }) => ({ owner: name, keys: apiKeys })));
  const ownerOfSignature = openSignedRequests({
    owners: servers.map(({ name, hmacKeys }) => ({ owner: name, keys: hmacKeys })),
    clock,
    store,
  });
  const byBearer = async (text: string): Promise<Verdict> => {
    const owner = ownerOfKey(text);
    if (owner !== undefined) return ok(owner);
    if (text.split('.').length !== 3) return wrong;
    const token = await tokens.read(text);
    // An administrator's token does not name an auth server; clients that always send it are then recognised otherwise.
    if (token.ok) return ok(token.value.role === 'validate' ? token.value.authServer : undefined);
    return token.error.kind === 'wrong-role' ? ok(undefined) : refused(token.error);
  };
  const judge = async (request: CallerRequest): Promise<Verdict> => {
    const { header, method, target } = request;
    const key = header('x-api-key');
    if (isMistyped(key) || isMistyped(request.bearer)) return mistyped;
    if (key !== '') return known(ownerOfKey(key));
    const keyId = header('x-pushgate-key-id');
    if (keyId === '') return request.bearer === '' ? ok(undefined) : byBearer(request.bearer);
    const parts = { method, target, time: header('x-pushgate-time'), nonce: header('x-pushgate-nonce'), body: request.body() };
    return known(await ownerOfSignature(keyId, header('x-pushgate-signature'), parts));
  };
  return async (request) => {
    const shows = request.bearer !== '' || ['x-api-key', 'x-pushgate-key-id'].some((name) => request.header(name) !== '');
    if (!shows) return ok(undefined);
    const verdict = await judge(request);
    if (!verdict.ok && verdict.error.kind !== 'expired') await limits.failedOrThrow('caller', request.address);
    return verdict;
  };
}

/** The token of an Authorization header, with or without `Bearer`; empty for other schemes. */
export function bearerOf(header: string): string {
  const text = header.replace(/^Bearer +/i, '').trim();
  return text.includes(' ') ? '' : text;
}
