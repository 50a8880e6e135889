import { ok, parseJson, type Result, record, refused } from '../../../foundation/model/index.ts';
import type { KeycloakConfig } from './config.ts';
import type { KeySet } from './key-set.ts';

/** A token is a credential for the callback; larger ones are refused unread. */
const longestToken = 8192;
/** With less time than this, no phone could answer and no result arrive. */
const uselessMs = 5000;
const skewMs = 10_000;
/** For a day it is known which tokens were used, so one that lives longer could be used again. */
const longestLifeMs = 24 * 60 * 60_000;
const longestName = 255;

/** What the verified token of a request says. `expiresAt`: epoch ms. */
export type CibaClaims = { jti: string; subject: string; client: string; expiresAt: number };

/** The checks of a token, in their order. @see docs/protocols/keycloak-ciba.md 3 */
export type TokenCheck =
  | 'form'
  | 'issuer'
  | 'algorithm'
  | 'key'
  | 'signature'
  | 'type'
  | 'audience'
  | 'time'
  | 'names'
  | 'refused-claim'
  | 'client';

/**
 * Why a token is refused: the check that failed, and the realm once it is known. `no-keys`: the realm's keys could not
 * be fetched, so nothing can be said about the token.
 */
export type TokenRefusal<K> = { kind: 'failed'; check: TokenCheck; keycloak?: K | undefined } | { kind: 'no-keys'; keycloak: K };

/** A realm that may send tokens. */
export type TokenSource = { config: KeycloakConfig; keys: KeySet };

/**
 * Verifies the bearer token of a request by all checks, in their order, and finds the realm that sent it. Only addresses
 * of the configuration are asked for keys.
 * @param header the `Authorization` header
 * @param now epoch ms
 */
export async function verifyBearer<K extends TokenSource>(
  header: string,
  keycloaks: readonly K[],
  now: number,
): Promise<Result<{ text: string; keycloak: K; claims: CibaClaims }, TokenRefusal<K>>> {
  const read = readToken(header);
  if (!read) return refused({ kind: 'failed', check: 'form' });
  const { text, head, claims } = read;
  const keycloak = keycloaks.find(({ config }) => config.issuer === claims.iss);
  if (!keycloak) return refused({ kind: 'failed', check: 'issuer' });
  const failed = (check: TokenCheck) => refused({ kind: 'failed' as const, check, keycloak });
  const { alg, kid } = head;
  if (typeof alg !== 'string' || !keycloak.config.algs.some((each) => each === alg)) return failed('algorithm');
  if (typeof kid !== 'string' || kid === '') return failed('key');
  const key = await keycloak.keys.find({ kid, alg });
  if (!key.ok) return refused({ kind: 'no-keys', keycloak });
  if (!key.value) return failed('key');
  if (!(await isSigned(text, alg, key.value))) return failed('signature');
  const check = failedClaim(claims, keycloak.config, now);
  if (check) return failed(check);
  const { jti, sub, azp, exp } = claims;
  return ok({ text, keycloak, claims: { jti: String(jti), subject: String(sub), client: String(azp), expiresAt: Number(exp) * 1000 } });
}

type Members = Readonly<Record<string, unknown>>;

const compactForm = /^Bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+) *$/i;

/** Header and claims of the token, not verified yet. */
function readToken(header: string): { text: string; head: Members; claims: Members } | undefined {
  const [, text = ''] = (header.length <= longestToken + 'Bearer '.length && compactForm.exec(header)) || [];
  const [head, claims] = text.split('.').map((part) => record(parseJson(Buffer.from(part, 'base64url').toString())));
  return head && claims ? { text, head, claims } : undefined;
}

async function isSigned(text: string, alg: string, jwk: Parameters<typeof import('jose').importJWK>[0]): Promise<boolean> {
  const { compactVerify, errors, importJWK } = await import('jose');
  try {
    await compactVerify(text, await importJWK(jwk, alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // A key of the wrong kind for its own alg is a TypeError, a broken one an error of WebCrypto (DOMException).
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) return false;
    throw error;
  }
}

/** The first check of the claims that fails. */
function failedClaim(claims: Members, { issuer, refusedClaims, clients }: KeycloakConfig, now: number): TokenCheck | undefined {
  if (claims.typ !== 'Bearer') return 'type';
  if (!isOnly(issuer, claims.aud)) return 'audience';
  if (!isInTime(claims, now)) return 'time';
  if (![claims.jti, claims.sub, claims.azp].every(isName)) return 'names';
  if (refusedClaims.some((name) => Object.hasOwn(claims, name))) return 'refused-claim';
  return clients === undefined || clients.some(({ id }) => id === claims.azp) ? undefined : 'client';
}

const isOnly = (issuer: string, audience: unknown): boolean =>
  Array.isArray(audience) ? audience.length === 1 && audience[0] === issuer : audience === issuer;

function isInTime({ exp, iat }: Members, now: number): boolean {
  const left = typeof exp === 'number' ? exp * 1000 - now : 0;
  if (left <= uselessMs || left > longestLifeMs) return false;
  return iat === undefined || (typeof iat === 'number' && iat * 1000 <= now + skewMs);
}

const isName = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '' && value.length <= longestName;

/** How long a phone may answer (ms): until 5 s before the token ends, and at most as long as configured. */
export const answerMs = ({ expiresAt }: CibaClaims, { limitSeconds }: KeycloakConfig, now: number): number =>
  Math.min(expiresAt - uselessMs - now, limitSeconds * 1000);
