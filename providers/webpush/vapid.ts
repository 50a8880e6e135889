import { createECDH, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayFault, type Secret } from '../../src/delivery/provider-kit/index.ts';

/** Identifies us to push services. */
export type Vapid = {
  /** The public key, base64url, with which apps subscribe (`applicationServerKey`). */
  publicKey: string;
  /** The `Authorization` header for a push service by its origin; tokens are reused for hours, as push services ask. */
  authorization(origin: string, now: number): string;
  /** Whether a signature of the private key verifies with the public one. */
  works(): boolean;
};

const lifeMs = 12 * 3_600_000;
const renewedMs = lifeMs / 2;
const curve = 'prime256v1';
const algorithm = 'sha256';
// The format of JWS: two numbers side by side, not DER.
const dsaEncoding = 'ieee-p1363';

/**
 * Reads the private key and derives the public one. Throws `config-invalid` when it is not a P-256 key.
 * @see RFC 8292
 */
export function openVapid(subject: string, privateKey: Secret): Vapid {
  const { key, publicKey } = keyPairOf(privateKey);
  const tokens = new LRUCache<string, { token: string; renewAt: number }>({ max: 1000 });
  const tokenFor = (origin: string, now: number): string => {
    const known = tokens.get(origin);
    if (known && now < known.renewAt) return known.token;
    const token = jwt(key, { aud: origin, exp: Math.floor((now + lifeMs) / 1000), sub: subject });
    tokens.set(origin, { token, renewAt: now + renewedMs });
    return token;
  };
  return {
    publicKey,
    authorization: (origin, now) => `vapid t=${tokenFor(origin, now)}, k=${publicKey}`,
    works() {
      const data = Buffer.from('pushgate');
      return verify(algorithm, data, { key: createPublicKey(key), dsaEncoding }, sign(algorithm, data, { key, dsaEncoding }));
    },
  };
}

function keyPairOf(secret: Secret): { key: KeyObject; publicKey: string } {
  const scalar = Buffer.from(secret.reveal().trim(), 'base64url');
  const pair = createECDH(curve);
  try {
    if (scalar.length !== 32) throw new RangeError('a P-256 key has 32 bytes');
    pair.setPrivateKey(scalar);
  } catch {
    // Without the cause, which may quote the key.
    throw new GatewayFault('config-invalid', 'This is not a VAPID private key. Expected the 32 bytes of a P-256 key in base64url.');
  }
  const point = pair.getPublicKey();
  const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
  const jwk = { kty: 'EC', crv: 'P-256', d: scalar.toString('base64url'), x, y };
  return { key: createPrivateKey({ key: jwk, format: 'jwk' }), publicKey: point.toString('base64url') };
}

function jwt(key: KeyObject, claims: object): string {
  const text = [{ typ: 'JWT', alg: 'ES256' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${sign(algorithm, Buffer.from(text), { key, dsaEncoding }).toString('base64url')}`;
}
