import type { KeyObject } from 'node:crypto';
import { readJwt } from '../jwt.ts';

/** A team's signing key. */
export type ApnsKey = { keyId: string; teamId: string; publicKey: KeyObject };

/** Checks the provider tokens of one key, and remembers their times of issue. */
export type ProviderTokens = {
  /** Undefined for a valid token; else status and reason of the refusal. */
  whyNot(authorization: string | undefined): Refusal | undefined;
};

/** Status and `reason` of a refusal. */
export type Refusal = { status: number; reason: string };

const longestMs = 60 * 60_000;
const renewalMs = 20 * 60_000;
const skewMs = 5 * 60_000;

/**
 * A valid token is ES256 by this key and team, at most 60 minutes old. A token issued less than 20 minutes before or
 * after another of its key is refused; several servers may send the same token. Apple: "Refresh your token no more than
 * once every 20 minutes and no less than once every 60 minutes. … APNs reports an error if you recreate your tokens
 * more than once every 20 minutes."
 * @see https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
 * @see docs/protocols/delivery.md 2.1
 */
export function openProviderTokens({ keyId, teamId, publicKey }: ApnsKey, clock: () => number): ProviderTokens {
  const known = new Map<string, number>();
  return {
    whyNot(authorization) {
      const [, token] = /^bearer (\S+)$/i.exec(authorization ?? '') ?? [];
      if (token === undefined) return { status: 403, reason: 'MissingProviderToken' };
      const jwt = readJwt(token);
      const { iss, iat } = jwt?.claims ?? {};
      if (jwt?.header.kid !== keyId || iss !== teamId || typeof iat !== 'number') return { status: 403, reason: 'InvalidProviderToken' };
      if (!jwt.isSignedBy(publicKey) || iat * 1000 > clock() + skewMs) return { status: 403, reason: 'InvalidProviderToken' };
      const issuedAt = iat * 1000;
      if (clock() - issuedAt > longestMs) return { status: 403, reason: 'ExpiredProviderToken' };
      if (known.has(token)) return undefined;
      if ([...known.values()].some((other) => Math.abs(issuedAt - other) < renewalMs))
        return { status: 429, reason: 'TooManyProviderTokenUpdates' };
      known.set(token, issuedAt);
      return undefined;
    },
  };
}
