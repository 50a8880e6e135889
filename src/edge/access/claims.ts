import { openApiKeys } from './api-keys.ts';
import type { AuthServer, CallerFacts } from './auth-servers.ts';
import type { CallerRequest } from './credentials.ts';
import type { Tokens } from './tokens.ts';

/** The claimed sender of a request: an auth server by its credential, or an administrator by token. */
export type Claim = Pick<CallerFacts, 'shown' | 'account'>;

/**
 * Reads the claimed sender before the body is read. The claim is not verified (no signature check, no counting) and may
 * only decide how the rest of the request is read. Rejects like `Tokens.read`.
 */
export type Claims = (request: Pick<CallerRequest, 'bearer' | 'header'>) => Promise<Claim>;

/** Opens the claims of these auth servers. */
export function openClaims({ servers, tokens }: { servers: readonly AuthServer[]; tokens: Tokens }): Claims {
  const ownerOfKey = openApiKeys(servers.map(({ name, apiKeys }) => ({ owner: name, keys: apiKeys })));
  const ownerOfKeyId = new Map(servers.flatMap(({ name, hmacKeys }) => hmacKeys.map(({ id }) => [id, name] as const)));
  const shownBy = (shown: string | undefined): Claim => ({ shown });
  const byBearer = async (text: string): Promise<Claim> => {
    const owner = ownerOfKey(text);
    if (owner !== undefined || text.split('.').length !== 3) return shownBy(owner);
    const token = await tokens.read(text);
    if (!token.ok) return {};
    const { role, name, realm, authServer } = token.value;
    if (role === 'validate' || authServer !== undefined) return shownBy(authServer);
    return realm === '' ? { account: name } : {};
  };
  return async ({ bearer, header }) => {
    const key = header('x-api-key');
    if (key !== '') return shownBy(ownerOfKey(key));
    const keyId = header('x-pushgate-key-id');
    if (keyId !== '') return shownBy(ownerOfKeyId.get(keyId));
    return bearer === '' ? {} : byBearer(bearer);
  };
}
