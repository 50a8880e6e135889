import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, sign, verify } from 'node:crypto';

/** The two uses of Curve25519: signatures and key agreement. */
export type Curve = 'ed25519' | 'x25519';

const signatureBytes = 64;
/** The prefix of the 32 bytes of a private key in its PKCS#8, and the curve's name in JWK. */
const forms: Record<Curve, { pkcs8: Buffer; crv: string }> = {
  ed25519: { pkcs8: Buffer.from('302e020100300506032b657004220420', 'hex'), crv: 'Ed25519' },
  x25519: { pkcs8: Buffer.from('302e020100300506032b656e04220420', 'hex'), crv: 'X25519' },
};

/** A private key from its 32 bytes: the seed for Ed25519, the scalar for X25519. */
export const rawPrivateKey = (curve: Curve, raw: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([forms[curve].pkcs8, raw]), format: 'der', type: 'pkcs8' });

/** A public key from its 32 bytes. Whether they are a point of the curve is only checked on use. */
export const rawPublicKey = (curve: Curve, raw: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv: forms[curve].crv, x: Buffer.from(raw).toString('base64url') }, format: 'jwk' });

/** The 32 bytes of the public key that belongs to a private or public key. */
export function rawBytesOf(key: KeyObject): Buffer {
  // Twenty times as fast as the DER of the public key.
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/**
 * The X25519 shared secret of a private key and 32 bytes from the other side; undefined when those are not a usable
 * point.
 */
export function agreeX25519(privateKey: KeyObject, publicBytes: Uint8Array): Buffer | undefined {
  try {
    return diffieHellman({ privateKey, publicKey: rawPublicKey('x25519', publicBytes) });
  } catch {
    // A point of low order makes the secret all zero, which OpenSSL refuses.
    return undefined;
  }
}

/** The Ed25519 signature, 64 bytes. Synchronous: it takes less time than handing it to another thread. */
export const signEd25519 = (privateKey: KeyObject, data: Uint8Array): Buffer => sign(null, data, privateKey);

/** True when `signature` is the key's over `data`. False for anything malformed. */
export function verifyEd25519(publicKey: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.asymmetricKeyType !== 'ed25519' || signature.length !== signatureBytes) return false;
  return verify(null, data, publicKey, signature);
}
