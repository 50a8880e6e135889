import { createHash } from 'node:crypto';
import { onFirstUse } from '../../../foundation/lazy/index.ts';

/** The library, loaded when the first LinOTP phone pairs. */
const curves = onFirstUse<typeof import('@noble/curves/ed25519.js')>('@noble/curves/ed25519.js');

/** The X25519 secret of an Ed25519 seed, as in libsodium. @see docs/protocols/linotp.md 6.2 */
export const agreementSecret = (seed: Uint8Array): Buffer => Buffer.from(curves().ed25519.utils.toMontgomerySecret(seed));

/**
 * The X25519 public key of an Ed25519 public key, as in libsodium. Undefined for 32 bytes that are not a point of the
 * prime-order group: some others would accept any signature.
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

/** Key and nonce for AES-128, derived from the shared secret. */
export function keysOf(shared: Uint8Array): { key: Buffer; nonce: Buffer } {
  const digest = createHash('sha256').update(shared).digest();
  return { key: digest.subarray(0, keyBytes), nonce: digest.subarray(keyBytes) };
}
