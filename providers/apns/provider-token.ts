import type { KeyObject } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { GatewayFault, readPrivateKey, type Secret } from '../../src/delivery/provider-kit/index.ts';

/** The provider tokens (JWT) of one signing key. */
export type TokenSource = {
  /** The token at `now` (epoch ms): the same text in every process, for half an hour. */
  current(now: number): string;
};

/** A signing key, with its ids from Apple. */
export type SigningKey = { key: KeyObject; keyId: string; teamId: string };

const periodMs = 30 * 60_000;
// Tolerated clock difference: ahead of Apple by this, behind by 25 minutes. Apple refuses tokens from the future, and
// tokens older than 60 minutes.
const lagMs = 5 * 60_000;

/**
 * The tokens of a key. Apple limits new tokens per key, so all gateways must make identical ones without communication:
 * the time of issue is rounded to half hours, and the signature is deterministic (RFC 6979).
 * @see docs/decisions/apns-tokens-by-the-clock.md
 */
export function tokenSource(signing: SigningKey): TokenSource {
  let last: { text: string; issuedAt: number } | undefined;
  return {
    current(now) {
      const issuedAt = Math.floor((now - lagMs) / periodMs) * periodMs;
      if (last?.issuedAt !== issuedAt) last = { text: signed(signing, issuedAt), issuedAt };
      return last.text;
    },
  };
}

/** Reads the text of a `.p8` file. Throws `config-invalid` when it is not an EC key on P-256. */
export function readSigningKey(secret: Secret): KeyObject {
  const read = readPrivateKey(secret.reveal());
  if (!read.ok) throw new GatewayFault('config-invalid', `The key cannot be used: ${read.error}. Give the .p8 file from Apple, unchanged.`);
  const key = read.value;
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new GatewayFault(
      'config-invalid',
      'It is not an EC key on the curve P-256. Give the .p8 file of an APNs key, not of a certificate.',
    );
  return key;
}

function signed({ key, keyId, teamId }: SigningKey, issuedAt: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', kid: keyId })}.${part({ iss: teamId, iat: issuedAt / 1000 })}`;
  const scalar = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  // Node's own signatures are not deterministic.
  const signature = p256.sign(Buffer.from(text), scalar, { prehash: true, lowS: false });
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}
