import { createHash, sign } from 'node:crypto';
import { done, no, type Outcome } from '../outcome.ts';
import { agree, agreementPoint, pointOfPublic, publicBytes, signingKey } from './curve.ts';
import { sealed } from './eax.ts';
import type { LinotpToken } from './token.ts';

/** The content of a pairing URL. `serverKey`: Ed25519, 32 bytes in base64. */
export type LinotpOffer = Pick<LinotpToken, 'scheme' | 'serial' | 'callbackUrl' | 'partition' | 'serverKey'>;

/** Whether a text is a pairing URL, with any scheme. */
export const isPairingUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/pair\//i.test(text);

/**
 * Reads a pairing URL of a push token. Refuses another version or token type, and one without key, serial or callback.
 * @see docs/protocols/linotp.md 7.1
 */
export function readPairingUrl(text: string): Outcome<LinotpOffer> {
  const [, scheme, data] = /^([a-z][a-z0-9+.-]*):\/\/pair\/([A-Za-z0-9_-]+)$/i.exec(text) ?? [];
  if (scheme === undefined || data === undefined) return no('the text is not a pairing URL');
  const bytes = Buffer.from(data, 'base64url');
  if (bytes.length < 42) return no('the pairing URL is too short');
  if (bytes[0] !== 2) return no(`the pairing URL has version ${bytes[0]}; this phone knows 2`);
  if (bytes[1] !== 4) return no('the pairing URL is not for a push token');
  const flags = bytes.readUInt32LE(2);
  if (flags !== 7) return no(`the pairing URL has the flags ${flags}; this phone needs a key, a serial and a callback`);
  const texts = bytes.subarray(42).toString('utf8').split('\0');
  const [serial, callbackUrl, after] = texts;
  if (texts.length !== 3 || !serial || !callbackUrl || after !== '') return no('the pairing URL lacks a serial and a callback');
  return done({ scheme, serial, callbackUrl, partition: bytes.readUInt32LE(6), serverKey: bytes.subarray(10, 42).toString('base64') });
}

/**
 * The pairing response of a token: its key, number, login and address, signed and encrypted for the server.
 * @see docs/protocols/linotp.md 7.2
 */
export function pairingResponse(
  token: Pick<LinotpToken, 'partition' | 'tokenId' | 'serial' | 'login' | 'gda' | 'seed' | 'serverKey'>,
  random: Uint8Array,
): string {
  const { partition, tokenId, serial, login, gda } = token;
  const key = signingKey(Buffer.from(token.seed, 'base64'));
  const texts = Buffer.from(`${serial}\0${login}\0${gda}\0`);
  const content = Buffer.concat([Buffer.of(4), number(tokenId), publicBytes(key), texts]);
  const text = Buffer.concat([content, sign(null, content, key)]);
  const header = Buffer.concat([Buffer.of(1), number(partition)]);
  const shared = agree(random, pointOfPublic(Buffer.from(token.serverKey, 'base64'))) ?? Buffer.alloc(32);
  const both = createHash('sha256').update(shared).digest();
  const body = sealed(both.subarray(0, 16), both.subarray(16), header, text);
  return Buffer.concat([header, agreementPoint(random), body]).toString('base64url');
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
