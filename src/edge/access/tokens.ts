import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { openCache } from '../../foundation/cache/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import { type Clock, ok, RefusedText, type Result, refused } from '../../foundation/model/index.ts';
import type { Holder, TokenRefusal } from './holder.ts';
import { type TrustedJwt, verifyTrusted } from './trusted-jwts.ts';

/** JWTs of callers: the gateway's own (HS256, by a key of the keyring), and those of trusted issuers. */
export type Tokens = {
  /** All claims must be ASCII: Java clients decode them with plain base64. */
  sign(claims: JWTPayload, lifeMs: number): Promise<string>;
  /** Rejects with `RefusedText` when a trusted issuer names an impossible user. */
  read(token: string): Promise<Result<Holder, TokenRefusal>>;
};

const purpose = 'admin-token';

/** The maximum number of cached tokens, whose signatures are not verified again. */
const mostVerified = 1000;

/** Opens the tokens. @see docs/protocols/privacyidea.md 9 */
export function openTokens(parts: { keyring: Keyring; clock: Clock; trusted: readonly TrustedJwt[] }): Tokens {
  const { keyring, clock, trusted } = parts;
  const keyOf = (id: string): KeyObject | undefined => {
    const secret = keyring.derive(purpose, id);
    return secret && createSecretKey(secret);
  };
  // An auth server sends the same token with each request.
  const verified = openCache<{ holder: Holder; kid: string }>(mostVerified);
  const verifiedHolder = (digest: string): Holder | undefined => {
    const found = verified.get(digest);
    const isGood = found && keyring.derive(purpose, found.kid) !== undefined && found.holder.until > clock();
    return isGood ? found.holder : undefined;
  };
  const readOwn = async (token: string, kid = ''): Promise<Holder | TokenRefusal> => {
    const key = keyOf(kid);
    if (!key) return unsigned;
    const { jwtVerify } = await import('jose');
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], currentDate: new Date(clock()) });
    return ownHolder(payload);
  };
  return {
    async sign(claims, lifeMs) {
      const key = keyOf(keyring.currentKeyId);
      if (!key) throw new Error('the current key of the keyring is missing from it');
      const { SignJWT } = await import('jose');
      const exp = Math.floor((clock() + lifeMs) / 1000);
      return new SignJWT({ ...claims, exp }).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyring.currentKeyId }).sign(key);
    },
    async read(token) {
      if (token.split('.').length !== 3) return refused({ kind: 'malformed', detail: 'Not enough segments' });
      const digest = hash('sha256', token, 'base64');
      const known = verifiedHolder(digest);
      if (known) return ok(known);
      const { decodeProtectedHeader, errors } = await import('jose');
      try {
        const { alg, kid } = decodeProtectedHeader(token);
        const isOwn = alg === 'HS256';
        const holder = isOwn ? await readOwn(token, kid) : ((await verifyTrusted(token, trusted, clock())) ?? unsigned);
        if ('kind' in holder) return refused(holder);
        if (isOwn) verified.set(digest, { holder, kid: kid ?? '' });
        return ok(holder);
      } catch (error) {
        if (error instanceof RefusedText) throw error;
        return refused(error instanceof errors.JWTExpired ? { kind: 'expired' } : unsigned);
      }
    },
  };
}

const unsigned: TokenRefusal = { kind: 'malformed', detail: 'Signature verification failed' };

function ownHolder({ role, username, rights, authtype, account, auth_server: authServer, exp = 0 }: JWTPayload): Holder | TokenRefusal {
  if ((role !== 'admin' && role !== 'validate') || typeof username !== 'string') return { kind: 'wrong-role' };
  return {
    role,
    name: username,
    realm: '',
    rights: Array.isArray(rights) ? rights.filter((right) => typeof right === 'string') : [],
    authServer: typeof authServer === 'string' ? authServer : undefined,
    until: exp * 1000,
    account: role === 'admin' && authtype !== 'keyring' ? { seal: typeof account === 'string' ? account : undefined } : undefined,
  };
}
