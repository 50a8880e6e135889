import { constants, createPublicKey, type KeyObject, type SignKeyObjectInput, sign, verify } from 'node:crypto';
import { signing } from './thread-limits.ts';

/** RSASSA-PKCS1-v1_5 with SHA-256, off the event loop. */
export const signRsaSha256 = (key: KeyObject, data: Uint8Array): Promise<Buffer> => signInTurn(data, key);

/** RSASSA-PSS with SHA-256, MGF1 with SHA-256 and the longest salt, off the event loop. */
export const signRsaPssSha256 = (key: KeyObject, data: Uint8Array): Promise<Buffer> =>
  signInTurn(data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN });

const signInTurn = (data: Uint8Array, key: KeyObject | SignKeyObjectInput): Promise<Buffer> =>
  signing(
    () =>
      new Promise((resolve, reject) => {
        sign('sha256', data, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      }),
  );

/**
 * True when `signature` is the key's over `data`: SHA-256 with PKCS#1 v1.5 for RSA, DER for EC. False for anything
 * malformed.
 */
export function verifySha256(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') return false;
  return verify('sha256', data, key, signature);
}

/** Reads a public key from SPKI DER in base64; undefined when it is not one. */
export function readSpki(base64: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
