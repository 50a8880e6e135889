import { type DeliveryOutcome, type HttpReply, retryAfterMs, type WireError } from '../../src/delivery/provider-kit/index.ts';

type Reply = { ok: true; value: HttpReply } | { ok: false; error: WireError | 'forbidden' };

/**
 * The outcome of a push service's reply. The enrolling user chose the service, so nothing of its text is repeated.
 * @see docs/protocols/delivery.md 2
 */
export function fromWire(reply: Reply, now: number): DeliveryOutcome {
  if (!reply.ok) return reply.error === 'forbidden' ? notPublic : { kind: 'unavailable', reason: reply.error };
  const { status, headers } = reply.value;
  const detail = `the push service answered ${status}`;
  if (status >= 200 && status < 300) return { kind: 'sent' };
  if (status === 404 || status === 410) return { kind: 'rejected', reason: 'dead-address', detail };
  if (status === 401 || status === 403) return { kind: 'rejected', reason: 'credentials', detail };
  if (status !== 429 && status !== 408 && status < 500) return { kind: 'rejected', reason: 'message', detail };
  const reason = status === 429 ? 'throttled' : 'server';
  return { kind: 'unavailable', reason, detail, retryAfterMs: retryAfterMs(headers, now) };
}

/** A push that is not sent at all, with the reason for operators. */
export const notSent = (detail: string): DeliveryOutcome => ({ kind: 'rejected', reason: 'message', detail });

const notPublic = notSent('the push service of this address is not on the public internet; set allow_private_targets to allow it');
