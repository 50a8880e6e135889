import { type Message, openMessage, type PushRequest } from './challenge.ts';
import type { PhoneFile } from './file.ts';
import { readServerKey } from './signature.ts';

/** The result of a message: a new request, a duplicate, or a refusal. */
export type Taken = { kind: 'request'; request: PushRequest } | { kind: 'duplicate'; nonce: string } | { kind: 'refused'; reason: string };

/** Takes messages from pushes and polls. */
export type Inbox = { take(message: Message): Taken };

/**
 * Opens the inbox. It recognises a message by its nonce while the phone shows it, so that a push and the poll after it
 * are one request. Refuses messages for tokens that are unknown or not rolled out, and what `openMessage` refuses.
 * @see docs/protocols/privacyidea.md 15.1
 */
export function openInbox({ file, clock }: { file: PhoneFile; clock: () => number }): Inbox {
  const shownUntil = new Map<string, number>();
  const opened = (message: Message, now: number) => {
    const token = file.find(message.serial);
    if (!token.ok) return token;
    const key = readServerKey(token.value.serverKey ?? '');
    return key.ok ? openMessage(message, key.value, now) : { ok: false as const, reason: 'its token is not rolled out' };
  };
  return {
    take(message) {
      const now = clock();
      for (const [nonce, until] of shownUntil) if (now >= until) shownUntil.delete(nonce);
      const request = opened(message, now);
      if (!request.ok) return { kind: 'refused', reason: `a message for ${message.serial} is refused: ${request.reason}` };
      const { nonce, expiresAt } = request.value;
      if (shownUntil.has(nonce)) return { kind: 'duplicate', nonce };
      shownUntil.set(nonce, expiresAt);
      return { kind: 'request', request: request.value };
    },
  };
}
