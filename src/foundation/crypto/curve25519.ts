import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify } from 'node:crypto';

/** The two uses of Curve25519: signatures and key agreement. */
export type Curve = 'ed25519' | 'x25519';

const rawBytes = 32;
const signatureBytes = 64;
/** What stands before the 32 bytes of a key in DER: PKCS#8 of a private one, SPKI of a public one. */
const prefixes: Record<Curve, { pkcs8: Buffer; spki: Buffer }> = {
  ed25519: { pkcs8: Buffer.from('302e020100300506032b657004220420', 'hex'), spki: Buffer.from('302a300506032b6570032100', 'hex') },
  x25519: { pkcs8: Buffer.from('302e020100300506032b656e04220420', 'hex'), spki: Buffer.from('302a300506032b656e032100', 'hex') },
};

/** A private key of its 32 bytes: the seed for Ed25519, the scalar for X25519. */
export const rawPrivateKey = (curve: Curve, raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([prefixes[curve].pkcs8, raw]), format: 'der', type: 'pkcs8' });

/** A public key of its 32 bytes; whether they are a point of the curve shows when it is used. */
export const rawPublicKey = (curve: Curve, raw: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([prefixes[curve].spki, raw]), format: 'der', type: 'spki' });

/** The 32 bytes of the public key that belongs to a private or public one. */
export function rawBytesOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-rawBytes);
}

/** The X25519 secret of a private key and 32 bytes that somebody sent; undefined where they are no point to agree with. */
export function agreeX25519(privateKey: KeyObject, publicBytes: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey, publicKey: rawPublicKey('x25519', publicBytes) });
  } catch {
    // A point of low order makes the secret all zero, which OpenSSL refuses.
    return undefined;
  }
}

/** The Ed25519 signature, 64 bytes. It takes less time than the way to another thread. */
export const signEd25519 = (privateKey: KeyObject, data: Uint8Array): Buffer => sign(null, data, privateKey);

/** True when `signature` is the key's over `data`. False for anything malformed. */
export function verifyEd25519(publicKey: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.asymmetricKeyType !== 'ed25519' || signature.length !== signatureBytes) return false;
  return verify(null, data, publicKey, signature);
}
