import { createHash, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { decodeBase32, readSpki, verifySha256 } from '../../../foundation/crypto/index.ts';

/** What a challenge's signature covers, in the order of the wire. */
export type ChallengeFields = {
  nonce: string;
  url: string;
  serial: string;
  question: string;
  title: string;
  sslverify: string;
  require_presence?: string;
};

/** The string that the server signs for a phone. @see docs/protocols/privacyidea.md 4.1 */
export function challengeString(fields: ChallengeFields): string {
  const { nonce, url, serial, question, title, sslverify, require_presence } = fields;
  return [nonce, url, serial, question, title, sslverify, ...(require_presence === undefined ? [] : [require_presence])].join('|');
}

/** The canonical JSON that the second signature covers. @see docs/protocols/privacyidea.md 4.1 */
export function capabilitiesString(capabilities: Readonly<Record<string, unknown>>, nonce: string): string {
  return canonicalize({ capabilities, nonce }) ?? '';
}

/** What a phone signs when it answers. `option` belongs to presence mode alone. @see docs/protocols/privacyidea.md 5.1 */
export type AnswerFields = { nonce: string; serial: string; decline: boolean; reason?: string | undefined; option?: string | undefined };

/** The string that the phone signs for an answer. A reason is signed only with a decline. */
export function answerString({ nonce, serial, decline, reason, option }: AnswerFields): string {
  const verdict = decline ? ['decline', ...(reason ? [reason] : [])] : [];
  return [nonce, serial, ...verdict, ...(option === undefined ? [] : [option])].join('|');
}

/** The string that the phone signs for a poll. @see docs/protocols/privacyidea.md 5.2 */
export const pollString = (serial: string, timestamp: string): string => `${serial}|${timestamp}`;

/** The string that the phone signs for a new address. @see docs/protocols/privacyidea.md 5.3 */
export const addressString = (address: string, serial: string, timestamp: string): string => `${address}|${serial}|${timestamp}`;

/** True when `signature` (base32 with padding, upper case) is the key's over `text`. Never throws. */
export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  const bytes = decodeBase32(signature);
  return bytes !== undefined && verifySha256(key, Buffer.from(text), bytes);
}

/** Tells one signed answer from another. */
export const answerDigest = (signedText: string, signature: string): string =>
  createHash('sha256').update(`${signedText}\n${signature}`).digest('base64url');

/**
 * Reads the key that a phone sends: SPKI DER in base64 or URL-safe base64, with `+` that became a space, line breaks, outer white space
 * or missing padding. Undefined for anything else, for PKCS#1 and for PEM armour too.
 * @see docs/protocols/privacyidea.md 3.3
 */
export function readPhoneKey(text: string): KeyObject | undefined {
  const base64 = text
    .trim()
    .replace(/[\r\n]/g, '')
    .replaceAll(' ', '+')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const [, digits] = /^([A-Za-z0-9+/]+)=*$/.exec(base64) ?? [];
  return digits === undefined ? undefined : readSpki(digits);
}

const lineLength = 64;

/** A server key as phones get it: base64 in lines of 64 characters. @see docs/protocols/privacyidea.md 3.3 */
export const inLines = (base64: string): string => (base64.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? []).join('\n');
