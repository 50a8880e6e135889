import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { GatewayFault, readPrivateKey, type Secret } from '../../src/delivery/provider-kit/index.ts';

/** The tokens (JWT) of one signing key. `now` is epoch ms. */
export type TokenSource = {
  /** The one to send now. It is made anew when it is 50 minutes old; Apple takes it for 60. */
  current(now: number): string;
  /** One to send instead of another that APNs called expired; undefined while the last one is younger than Apple's 20 minutes. */
  insteadOf(expired: string, now: number): string | undefined;
};

/** A signing key, with the ids that Apple gave it. */
export type SigningKey = { key: KeyObject; keyId: string; teamId: string };

const renewAfterMs = 50 * 60_000;
const shortestLifeMs = 20 * 60_000;

// Apple counts new tokens per key, whoever makes them: all providers of one key share its token.
const sources = new Map<string, TokenSource>();

/** The tokens of a key: the same source for everybody in this process who has the key. */
export function tokenSource(signing: SigningKey): TokenSource {
  const { key, keyId, teamId } = signing;
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = `${teamId}.${keyId}.${createHash('sha256').update(publicKey).digest('hex')}`;
  const source = sources.get(name) ?? openSource(signing);
  sources.set(name, source);
  return source;
}

/** Reads the text of a `.p8` file. Throws `config-invalid` when it is no EC key on P-256. */
export function readSigningKey(secret: Secret): KeyObject {
  const read = readPrivateKey(secret.reveal());
  if (!read.ok)
    throw new GatewayFault('config-invalid', `The key cannot be used: ${read.error}. Give the .p8 file as Apple handed it out, unchanged.`);
  const key = read.value;
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new GatewayFault(
      'config-invalid',
      'It is not an EC key on the curve P-256. Give the .p8 file of an APNs key, not of a certificate.',
    );
  return key;
}

function openSource(signing: SigningKey): TokenSource {
  let last: { text: string; madeAt: number } | undefined;
  // A clock that was set back makes a token no younger: what counts is how far it is from now.
  const isYounger = (limitMs: number, now: number): boolean => last !== undefined && Math.abs(now - last.madeAt) < limitMs;
  const make = (now: number): string => {
    last = { text: signed(signing, now), madeAt: now };
    return last.text;
  };
  return {
    current: (now) => (last && isYounger(renewAfterMs, now) ? last.text : make(now)),
    insteadOf(expired, now) {
      if (last && last.text !== expired) return last.text;
      return isYounger(shortestLifeMs, now) ? undefined : make(now);
    },
  };
}

function signed({ key, keyId, teamId }: SigningKey, now: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'ES256', kid: keyId })}.${part({ iss: teamId, iat: Math.floor(now / 1000) })}`;
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
