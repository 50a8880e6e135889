import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type Capabilities, readCapabilities } from './capabilities.ts';
import { done, no, type Outcome } from './outcome.ts';
import { signatureFits } from './signature.ts';
import { normalUrl } from './web-address.ts';

const text = z.string();
const Message = z.looseObject({ title: text, question: text, url: text, nonce: text, sslverify: text, serial: text, signature: text });
/** A push, or one element of a poll reply, with all required fields as text; not verified yet. */
export type Message = z.output<typeof Message>;

/** The question to the user: two buttons, a choice of options, or a code to type elsewhere. */
export type Ask = { kind: 'confirm' } | { kind: 'choice'; options: string[] } | { kind: 'code'; displayCode: string };

/** A verified message. Times are epoch ms; from `expiresAt` on the phone does not answer. `url` is in normal form. */
export type PushRequest = {
  serial: string;
  nonce: string;
  title: string;
  question: string;
  url: string;
  sslVerify: boolean;
  ask: Ask;
  capabilities: Capabilities;
  receivedAt: number;
  expiresAt: number;
};

const shownMs = 120_000;

/** Reads a message's required fields. Refuses a missing or non-text field, and names those fields. */
export function readMessage(raw: unknown): Outcome<Message> {
  const read = Message.safeParse(raw);
  if (read.success) return done(read.data);
  const fields = read.error.issues.map(({ path: [field] }) => field).filter((field) => field !== undefined);
  return no(fields.length > 0 ? `the message lacks text in ${fields.join(', ')}` : 'the message is not an object');
}

/**
 * Verifies a message with the server key of its token, like the app: the signed text is rebuilt from the parsed fields,
 * so a URL outside of the normal form, or an `sslverify` other than `0` and `1`, makes the signature wrong. Refuses a
 * wrong signature, including that of the capabilities.
 * @see docs/protocols/privacyidea.md 4.1, 15.1
 */
export function openMessage(message: Message, serverKey: KeyObject, now: number): Outcome<PushRequest> {
  const url = normalUrl(message.url);
  if (!url.ok) return no(`its url is refused: ${url.reason}`);
  const { nonce, serial, title, question } = message;
  const sslVerify = message.sslverify === '1';
  const signed = [nonce, url.value, serial, question, title, sslVerify ? '1' : '0', ...extraOf(message)].join('|');
  if (!signatureFits(serverKey, signed, message.signature)) return no(`its signature is wrong${rebuiltHint(message, url.value)}`);
  const pair = { capabilities: message.capabilities, signature: message.capabilities_signature };
  const capabilities = readCapabilities(pair, nonce, serverKey);
  if (!capabilities.ok) return capabilities;
  const times = { receivedAt: now, expiresAt: now + shownMs };
  return done({
    serial,
    nonce,
    title,
    question,
    url: url.value,
    sslVerify,
    ask: askOf(message),
    capabilities: capabilities.value,
    ...times,
  });
}

function askOf({ require_presence: presence, display_code: displayCode }: Message): Ask {
  if (typeof presence === 'string') return { kind: 'choice', options: presence.split(',') };
  return typeof displayCode === 'string' ? { kind: 'code', displayCode } : { kind: 'confirm' };
}

function extraOf({ require_presence: presence, display_code: displayCode }: Message): string[] {
  return [presence, displayCode].filter((field) => typeof field === 'string').slice(0, 1);
}

function rebuiltHint(message: Message, url: string): string {
  if (message.url !== url) return `: the app signs the normal form of the url, ${url}, where the message has ${message.url}`;
  if (!['0', '1'].includes(message.sslverify)) return ': the app signs an sslverify that is not "1" as "0"';
  return '';
}
