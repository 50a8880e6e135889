import { createPublicKey, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import { fromBase32, toBase32 } from './base32.ts';
import { done, no, type Outcome } from './outcome.ts';

/** The phone's key pair: private part PKCS#8 PEM, public part SPKI DER in base64 on one line, as in the rollout. */
export type PhoneKeys = { privateKey: string; publicKey: string };

/** Makes a key pair: RSA of this size (real apps use 4096 bits, which takes seconds), or EC on P-256. */
export async function makeKeys(kind: number | 'ec'): Promise<PhoneKeys> {
  const make = promisify(generateKeyPair);
  const { privateKey } = kind === 'ec' ? await make('ec', { namedCurve: 'P-256' }) : await make('rsa', { modulusLength: kind });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { privateKey: pem, publicKey: publicKeyOf(pem) };
}

/** The public part of a private key, in the form of the rollout. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
}

/**
 * Signs a UTF-8 text: RSASSA-PKCS1-v1_5, or ECDSA in DER, with SHA-256; the result is base32.
 * @see docs/protocols/privacyidea.md 5.1
 */
export function signText(privateKey: string, text: string): string {
  return toBase32(sign('sha256', Buffer.from(text), privateKey));
}

/** Verifies the server's base32 signature of a text; false for invalid base32. */
export function signatureFits(serverKey: KeyObject, text: string, signature: string): boolean {
  const bytes = fromBase32(signature);
  return bytes !== undefined && verify('sha256', Buffer.from(text), serverKey, bytes);
}

/**
 * Reads the server's public key from a rollout: PKCS#1 DER in base64, with or without line breaks; neither PEM nor
 * SPKI.
 */
export function readServerKey(text: string): Outcome<KeyObject> {
  const line = text.replace(/[\r\n]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(line)) return no('public_key is not plain base64');
  try {
    return done(createPublicKey({ key: Buffer.from(line, 'base64'), format: 'der', type: 'pkcs1' }));
  } catch {
    return no('public_key is not a PKCS#1 RSAPublicKey');
  }
}
