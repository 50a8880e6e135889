import { createHash } from 'node:crypto';
import { onFirstUse } from '../../../foundation/lazy/index.ts';

/** The library, loaded when the first phone of LinOTP pairs. */
const curves = onFirstUse<typeof import('@noble/curves/ed25519.js')>('@noble/curves/ed25519.js');

/** The X25519 secret that belongs to an Ed25519 seed, as libsodium makes it. @see docs/protocols/linotp.md 6.2 */
export const agreementSecret = (seed: Uint8Array): Buffer => Buffer.from(curves().ed25519.utils.toMontgomerySecret(seed));

/**
 * The X25519 public key that belongs to an Ed25519 one, as libsodium makes it. Undefined for 32 bytes that are no point, or one outside the group that
 * signatures are made in: for some of those every signature fits.
 */
export function agreementKey(publicKey: Uint8Array): Buffer | undefined {
  const { ed25519 } = curves();
  try {
    const point = ed25519.Point.fromBytes(publicKey);
    return point.isSmallOrder() || !point.isTorsionFree() ? undefined : Buffer.from(ed25519.utils.toMontgomery(publicKey));
  } catch {
    return undefined;
  }
}

const keyBytes = 16;

/** What both sides make of the secret they agreed upon: key and nonce of AES-128. */
export function keysOf(shared: Uint8Array): { key: Buffer; nonce: Buffer } {
  const digest = createHash('sha256').update(shared).digest();
  return { key: digest.subarray(0, keyBytes), nonce: digest.subarray(keyBytes) };
}
