import { resolve } from 'node:path';
import { GatewayFault, parseJson, record } from '../../../foundation/model/index.ts';
import { readAuthorities } from '../../../foundation/settings/index.ts';
import { type Http, openHttp } from '../../../foundation/wire/index.ts';
import { callbackUrlOf, jwksUrlOf, type KeycloakConfig } from './config.ts';
import { keysFrom } from './key-set.ts';

/** One finding about a realm of a Keycloak: a sentence with a remedy unless all is fine. */
export type KeycloakFinding = { level: 'fine' | 'warning' | 'failed'; what: 'issuer' | 'keys' | 'callback'; detail: string };

const fine = (what: KeycloakFinding['what'], detail: string): KeycloakFinding => ({ level: 'fine', what, detail });
const failed = (what: KeycloakFinding['what'], detail: string): KeycloakFinding => ({ level: 'failed', what, detail });

/**
 * Looks whether the issuer is right, its keys can be used, and callbacks arrive. Sends no result: the callback is tried
 * without a token, which Keycloak refuses.
 */
export async function checkKeycloak(
  config: KeycloakConfig,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<KeycloakFinding[]> {
  let ca: string | undefined;
  try {
    ca = config.ca === undefined ? undefined : readAuthorities(resolve(folder, config.ca));
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    return [failed('keys', error.message)];
  }
  const http = openHttp({ ca });
  try {
    return await Promise.all([checkIssuer(http, config, signal), checkKeys(http, config), checkCallback(http, config, signal)]);
  } finally {
    await http.close();
  }
}

/** Only Keycloak's clients need the issuer's own address, so it need not be reachable from here. */
async function checkIssuer(http: Http, { issuer }: KeycloakConfig, signal: AbortSignal): Promise<KeycloakFinding> {
  const reply = await http.request({ method: 'GET', url: `${issuer}/.well-known/openid-configuration`, signal });
  if (!reply.ok)
    return {
      level: 'warning',
      what: 'issuer',
      detail: `${issuer} cannot be asked from here (${reply.error}); see that it is written as in tokens`,
    };
  const { issuer: own, backchannel_authentication_endpoint: endpoint } = record(parseJson(reply.value.body));
  if (own !== issuer) return failed('issuer', `${issuer} names itself ${text(own)}; write the issuer exactly so`);
  return typeof endpoint === 'string'
    ? fine('issuer', 'is the one in its metadata, and knows CIBA')
    : failed('issuer', 'has no CIBA; enable that feature of Keycloak');
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : 'nothing');

async function checkKeys(http: Http, config: KeycloakConfig): Promise<KeycloakFinding> {
  const url = jwksUrlOf(config);
  const keys = await keysFrom(http, url)();
  if (!keys.ok) return failed('keys', `cannot be fetched from ${url} (${keys.error}); correct jwksUrl or ca, or open the firewall`);
  const usable = keys.value.filter(({ use, alg }) => use === 'sig' && config.algs.some((each) => each === alg));
  if (usable.length === 0)
    return failed('keys', `none at ${url} is for signatures by ${config.algs.join(', ')}; add a key to the realm, or correct algs`);
  return fine('keys', `${usable.length} for signatures (${[...new Set(usable.map(({ alg }) => alg))].join(', ')})`);
}

async function checkCallback(http: Http, config: KeycloakConfig, signal: AbortSignal): Promise<KeycloakFinding> {
  const url = callbackUrlOf(config);
  const headers = { 'content-type': 'application/json' };
  const reply = await http.request({ method: 'POST', url, headers, body: JSON.stringify({ status: 'UNAUTHORIZED' }), signal });
  if (!reply.ok) return failed('callback', `${url} cannot be reached (${reply.error}); correct callbackUrl or ca, or open the firewall`);
  const { status } = reply.value;
  return status === 401
    ? fine('callback', 'is there, and asks for a token')
    : failed('callback', `${url} replied ${status}, where Keycloak asks for a token with 401; correct callbackUrl`);
}
