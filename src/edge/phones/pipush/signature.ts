import { createHash, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import { decodeBase32, readSpki, verifySha256 } from '../../../foundation/crypto/index.ts';

/** The signed fields of a challenge, in wire order. */
export type ChallengeFields = {
  nonce: string;
  url: string;
  serial: string;
  question: string;
  title: string;
  sslverify: string;
  require_presence?: string;
};

/** The text that the gateway signs for a phone. @see docs/protocols/privacyidea.md 4.1 */
export function challengeString(fields: ChallengeFields): string {
  const { nonce, url, serial, question, title, sslverify, require_presence } = fields;
  return [nonce, url, serial, question, title, sslverify, ...(require_presence === undefined ? [] : [require_presence])].join('|');
}

/** The canonical JSON under the second signature. @see docs/protocols/privacyidea.md 4.1 */
export function capabilitiesString(capabilities: Readonly<Record<string, unknown>>, nonce: string): string {
  return canonicalize({ capabilities, nonce }) ?? '';
}

/** The signed fields of an answer. `option` exists in presence mode only. @see docs/protocols/privacyidea.md 5.1 */
export type AnswerFields = { nonce: string; serial: string; decline: boolean; reason?: string | undefined; option?: string | undefined };

/** The text that the phone signs for an answer. A reason is signed only with a decline. */
export function answerString({ nonce, serial, decline, reason, option }: AnswerFields): string {
  const verdict = decline ? ['decline', ...(reason ? [reason] : [])] : [];
  return [nonce, serial, ...verdict, ...(option === undefined ? [] : [option])].join('|');
}

/** The text that the phone signs for a poll. @see docs/protocols/privacyidea.md 5.2 */
export const pollString = (serial: string, timestamp: string): string => `${serial}|${timestamp}`;

/** The text that the phone signs for a new address. @see docs/protocols/privacyidea.md 5.3 */
export const addressString = (address: string, serial: string, timestamp: string): string => `${address}|${serial}|${timestamp}`;

/** True when `signature` (base32 with padding, upper case) is the key's over `text`. Never throws. */
export function isSignedBy(key: KeyObject, text: string, signature: string): boolean {
  const bytes = decodeBase32(signature);
  return bytes !== undefined && verifySha256(key, Buffer.from(text), bytes);
}

/** Identifies a signed answer. */
export const answerDigest = (signedText: string, signature: string): string =>
  createHash('sha256').update(`${signedText}\n${signature}`).digest('base64url');

/**
 * Reads a phone's public key: SPKI DER in base64 or base64url; accepts a space for `+`, line breaks, outer whitespace
 * and missing padding. Undefined for anything else, including PKCS#1 and PEM armour.
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

/** A public key of the gateway for phones: base64 in lines of 64 characters. @see docs/protocols/privacyidea.md 3.3 */
export const inLines = (base64: string): string => (base64.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? []).join('\n');
