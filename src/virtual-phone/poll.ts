import { appOf } from './apps.ts';
import { type Message, type PushRequest, readMessage } from './challenge.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { StoredToken } from './file.ts';
import type { Inbox, Taken } from './inbox.ts';
import { done, no, type Outcome } from './outcome.ts';
import { signText } from './signature.ts';

/**
 * The result of one poll: new requests, nonces of duplicates, reasons of refused messages, and `failed` when the whole
 * poll failed (not sent, refused by the server, or dropped because one element lacks a field).
 */
export type PollReport = { serial: string; requests: PushRequest[]; duplicates: string[]; refused: string[]; failed?: string };

/** Polls the server of one token for its open challenges. @see docs/protocols/privacyidea.md 5.2, 15.1 */
export async function pollToken(parts: { exchange: Exchange; inbox: Inbox; clock: () => number }, token: StoredToken): Promise<PollReport> {
  const { serial, privateKey, serverKey } = token;
  if (!privateKey || !serverKey) return failedPoll(serial, `${serial} is not rolled out`);
  const fields = pollFields(privateKey, serial, timestamp(parts.clock()));
  const reply = await parts.exchange.get(token, { ...fields, ...appOf(token).says });
  const messages = reply.ok ? readMessages(reply.value) : reply;
  if (!messages.ok) return failedPoll(serial, messages.reason);
  return report(
    serial,
    messages.value.map((message) => parts.inbox.take(message)),
  );
}

/** A failed poll. */
export const failedPoll = (serial: string, failed: string): PollReport => ({ serial, requests: [], duplicates: [], refused: [], failed });

/** The signed parameters of a poll; the signed text is `serial|timestamp`. */
export function pollFields(privateKey: string, serial: string, timestamp: string): Record<string, string> {
  return { serial, timestamp, signature: signText(privateKey, `${serial}|${timestamp}`) };
}

/** A time (epoch ms) in the app's format: UTC with six digits of a second and `Z`. */
export const timestamp = (now: number): string => new Date(now).toISOString().replace('Z', '000Z');

function readMessages({ value }: Reply): Outcome<Message[]> {
  if (!Array.isArray(value)) return no("the server's reply to the poll is not a list");
  const messages: Message[] = [];
  for (const [at, element] of value.entries()) {
    const message = readMessage(element);
    if (!message.ok) return no(`the whole poll is dropped: element ${at + 1} of ${value.length}: ${message.reason}`);
    messages.push(message.value);
  }
  return done(messages);
}

const report = (serial: string, taken: Taken[]): PollReport => ({
  serial,
  requests: taken.flatMap((each) => (each.kind === 'request' ? [each.request] : [])),
  duplicates: taken.flatMap((each) => (each.kind === 'duplicate' ? [each.nonce] : [])),
  refused: taken.flatMap((each) => (each.kind === 'refused' ? [each.reason] : [])),
});
