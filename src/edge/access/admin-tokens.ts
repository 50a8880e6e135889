import { createSecretKey, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose';
import { randomHex } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import { type Clock, ok, type Result, refused } from '../../foundation/model/index.ts';

/** An administrator as a token names it. */
export type Admin = { name: string; rights: readonly string[] };

/** Why a token is refused; `detail` says what is wrong with its form and holds nothing of it. */
export type TokenRefusal = { kind: 'malformed'; detail: string } | { kind: 'expired' } | { kind: 'wrong-role' };

/** Tokens of administrators: JWT, HS256, by a key of the keyring. Java clients decode the claims with plain base64: all of them are plain ASCII. */
export type AdminTokens = {
  issue(admin: Admin): Promise<string>;
  read(token: string): Promise<Result<Admin, TokenRefusal>>;
};

const purpose = 'admin-token';

/**
 * Opens the tokens.
 * @param lifeMs how long a token is good for
 * @see docs/protocols/privacyidea.md 9
 */
export function openAdminTokens(keyring: Keyring, clock: Clock, lifeMs: number): AdminTokens {
  const keyOf = (id: string): KeyObject | undefined => {
    const secret = keyring.derive(purpose, id);
    return secret && createSecretKey(secret);
  };
  return {
    async issue({ name, rights }) {
      const key = keyOf(keyring.currentKeyId);
      if (!key) throw new Error('the current key of the keyring is missing from it');
      const exp = Math.floor((clock() + lifeMs) / 1000);
      const claims = { username: name, realm: '', nonce: randomHex(20), role: 'admin', authtype: 'password', exp, rights: [...rights] };
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: keyring.currentKeyId }).sign(key);
    },
    async read(token) {
      if (token.split('.').length !== 3) return refused({ kind: 'malformed', detail: 'Not enough segments' });
      try {
        const { kid } = decodeProtectedHeader(token);
        const key = keyOf(kid ?? '');
        if (!key) return refused({ kind: 'malformed', detail: 'Signature verification failed' });
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], currentDate: new Date(clock()) });
        if (payload.role !== 'admin' || typeof payload.username !== 'string') return refused({ kind: 'wrong-role' });
        return ok({
          name: payload.username,
          rights: Array.isArray(payload.rights) ? payload.rights.filter((right) => typeof right === 'string') : [],
        });
      } catch (error) {
        return refused(
          error instanceof errors.JWTExpired ? { kind: 'expired' } : { kind: 'malformed', detail: 'Signature verification failed' },
        );
      }
    },
  };
}
