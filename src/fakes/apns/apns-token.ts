import type { KeyObject } from 'node:crypto';
import { readJwt } from '../jwt.ts';

/** A signing key of a team. */
export type ApnsKey = { keyId: string; teamId: string; publicKey: KeyObject };

/** Judges the bearer tokens of one key, and remembers when each was new. */
export type ProviderTokens = {
  /** Undefined: good. Else the status and reason of the refusal. */
  whyNot(authorization: string | undefined): Refusal | undefined;
};

/** Status and `reason` of a refusal. */
export type Refusal = { status: number; reason: string };

const longestMs = 60 * 60_000;
const renewalMs = 20 * 60_000;
const skewMs = 5 * 60_000;

/**
 * A token is ES256, by this key and team, at most 60 minutes old; a new one is taken 20 minutes after the last new one at the earliest.
 * @see docs/protocols/delivery.md 2.1
 */
export function openProviderTokens({ keyId, teamId, publicKey }: ApnsKey, clock: () => number): ProviderTokens {
  const known = new Set<string>();
  let renewedAt = Number.NEGATIVE_INFINITY;
  return {
    whyNot(authorization) {
      const [, token] = /^bearer (\S+)$/i.exec(authorization ?? '') ?? [];
      if (token === undefined) return { status: 403, reason: 'MissingProviderToken' };
      const jwt = readJwt(token);
      const { iss, iat } = jwt?.claims ?? {};
      if (jwt?.header.kid !== keyId || iss !== teamId || typeof iat !== 'number') return { status: 403, reason: 'InvalidProviderToken' };
      if (!jwt.isSignedBy(publicKey) || iat * 1000 > clock() + skewMs) return { status: 403, reason: 'InvalidProviderToken' };
      if (clock() - iat * 1000 > longestMs) return { status: 403, reason: 'ExpiredProviderToken' };
      if (known.has(token)) return undefined;
      if (clock() - renewedAt < renewalMs) return { status: 429, reason: 'TooManyProviderTokenUpdates' };
      known.add(token);
      renewedAt = clock();
      return undefined;
    },
  };
}
