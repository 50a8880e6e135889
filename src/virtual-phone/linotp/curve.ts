import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';

const prime = 2n ** 255n - 19n;

/** An Ed25519 private key from its seed. */
export const signingKey = (seed: Uint8Array): KeyObject => privateKey('2b6570', seed);

/** An Ed25519 public key from its 32 bytes. */
export const checkingKey = (bytes: Uint8Array): KeyObject => publicKey('2b6570', bytes);

/** The 32 bytes of a key's public key. */
export function publicBytes(key: KeyObject): Buffer {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url');
}

/** X25519 of a secret and a public key, 32 bytes each; undefined when the result is all zero. */
export function agree(secret: Uint8Array, point: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey: privateKey('2b656e', secret), publicKey: publicKey('2b656e', point) });
  } catch {
    return undefined;
  }
}

/** The X25519 public key of a secret. */
export const agreementPoint = (secret: Uint8Array): Buffer => publicBytes(privateKey('2b656e', secret));

/** The X25519 secret of an Ed25519 seed: the first half of its SHA-512, which X25519 itself clamps. */
export const secretOfSeed = (seed: Uint8Array): Buffer => createHash('sha512').update(seed).digest().subarray(0, 32);

/** The X25519 public key of an Ed25519 one: u = (1 + y) / (1 - y). @see docs/protocols/linotp.md 6.2 */
export function pointOfPublic(bytes: Uint8Array): Buffer {
  const y = fromLittleEndian(bytes) & (2n ** 255n - 1n);
  return toLittleEndian(((1n + y) * power(modulo(1n - y), prime - 2n)) % prime);
}

const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % prime;
    square = (square * square) % prime;
  }
  return result;
}

const fromLittleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
const toLittleEndian = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();

const privateKey = (oid: string, bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: der(`302e02010030050603${oid}04220420`, bytes), format: 'der', type: 'pkcs8' });
const publicKey = (oid: string, bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: der(`302a30050603${oid}032100`, bytes), format: 'der', type: 'spki' });
const der = (head: string, bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from(head, 'hex'), bytes]);
