import { createHash, sign, verify } from 'node:crypto';
import { done, no, type Outcome } from '../outcome.ts';
import { agree, checkingKey, secretOfSeed, signingKey } from './curve.ts';
import { counted } from './eax.ts';
import type { LinotpToken } from './token.ts';

/** The request: sign a message, activate the token, or log in at a host. */
export type LinotpAsk =
  | { kind: 'signreq'; message: string }
  | { kind: 'pairing'; serial: string }
  | { kind: 'login'; login: string; host: string };

/**
 * A verified challenge. `signed` is the part of the answer's text after its word; `sentAt` (epoch ms) is the server's
 * time.
 */
export type LinotpRequest = { serial: string; transactionId: string; callbackUrl: string; ask: LinotpAsk; sentAt: number; signed: Buffer };

/** Whether a text is a challenge URL, with any scheme. */
export const isChallengeUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\/push\//i.test(text);

/**
 * Opens a challenge URL for one of these tokens: found by its number, verified with the server's key, decrypted with
 * the phone's. Refuses a URL that matches no token.
 * @see docs/protocols/linotp.md 8
 */
export function openChallenge(url: string, tokens: readonly LinotpToken[]): Outcome<LinotpRequest> {
  const [, scheme, data = ''] = /^([a-z][a-z0-9+.-]*):\/\/push\/([A-Za-z0-9_-]+)$/i.exec(url) ?? [];
  const bytes = Buffer.from(data, 'base64url');
  if (scheme === undefined || bytes.length < 37 + 17 + 64) return no('the text is not a challenge URL, or too short');
  if (bytes[0] !== 2) return no(`the challenge has version ${bytes[0]}; this phone knows 2`);
  const numbered = tokens.filter(({ tokenId }) => tokenId === bytes.readUInt32LE(1));
  if (numbered.length === 0) return no('the phone has no token with this number');
  const [signed, signature] = [bytes.subarray(0, -64), bytes.subarray(-64)];
  const token = numbered.find(({ serverKey }) => verify(null, signed, checkingKey(Buffer.from(serverKey, 'base64')), signature));
  if (!token) return no("the challenge is not signed by the token's server");
  if (token.scheme !== scheme) return no(`the token was paired by ${token.scheme}://, the challenge came by ${scheme}://`);
  const text = decrypted(signed, token);
  return text ? readText(text, signature, token.serial) : no('the challenge was encrypted for another key');
}

function decrypted(signed: Buffer, { seed }: LinotpToken): Buffer | undefined {
  const shared = agree(secretOfSeed(Buffer.from(seed, 'base64')), signed.subarray(5, 37));
  if (!shared) return undefined;
  const both = createHash('sha256').update(shared).digest();
  return counted(both.subarray(0, 16), both.subarray(16), signed.subarray(37));
}

function readText(text: Buffer, signature: Buffer, serial: string): Outcome<LinotpRequest> {
  const number = text.readBigUInt64LE(1);
  const part = number % 100n;
  const transactionId = `${number / 100n}${part === 0n ? '' : `.${String(part).padStart(2, '0')}`}`;
  const texts = text.subarray(17).toString('utf8').split('\0');
  if (texts.pop() !== '') return no('the texts of the challenge are not terminated');
  const callbackUrl = texts.pop();
  const ask = askOf(text[0], texts);
  if (callbackUrl === undefined || !ask) return no('the challenge lacks the texts of its content type');
  const sentAt = Number(text.readBigUInt64LE(9)) * 1000;
  return done({ serial, transactionId, callbackUrl, ask, sentAt, signed: Buffer.concat([signature, text]) });
}

function askOf(type: number | undefined, texts: readonly string[]): LinotpAsk | undefined {
  const [first, second] = texts;
  if (type === 0 && texts.length === 1 && first !== undefined) return { kind: 'signreq', message: first };
  if (type === 1 && texts.length === 1 && first !== undefined) return { kind: 'pairing', serial: first };
  if (type === 2 && first !== undefined && second !== undefined && texts.length === 2) return { kind: 'login', login: first, host: second };
  return undefined;
}

/** The signed form of an answer. @see docs/protocols/linotp.md 9 */
export function answerForm(
  { seed }: Pick<LinotpToken, 'seed'>,
  request: Pick<LinotpRequest, 'transactionId' | 'signed'>,
  word: 'ACCEPT' | 'DENY',
) {
  const text = Buffer.concat([Buffer.of(2), Buffer.from(`${word}\0`), request.signed]);
  const signature = sign(null, text, signingKey(Buffer.from(seed, 'base64')));
  return { transactionid: request.transactionId, signature: signature.toString('base64url') };
}

/**
 * The URL of an answer: the callback names one of the two calls or their folder; without one, it is beside the pairing
 * call.
 */
export function answerUrl(callbackUrl: string, pairingUrl: string, word: 'ACCEPT' | 'DENY'): string {
  const call = word === 'ACCEPT' ? 'accept_transaction' : 'reject_transaction';
  const base = (callbackUrl || pairingUrl).replace(/\/(accept_transaction|reject_transaction|pair)?\/?$/, '');
  return `${base}/${call}`;
}
