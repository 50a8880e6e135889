import { type Decision, isFromFuture, type RelayProgress, type Transaction } from '../../foundation/model/index.ts';

/** What to do with a repeated challenge: reply as the first time, wait for its delivery, or deliver it again. */
export type ClaimDecision =
  | { kind: 'reply'; progress: Exclude<RelayProgress, { kind: 'claimed' }> }
  | { kind: 'wait'; until: number }
  | { kind: 'take'; next: Decision };

/**
 * Decides about a repeated challenge. Pure. While one gateway delivers, others wait; a dead gateway loses its claim at
 * `until`. A challenge that a provider accepted or that the phone will poll is never delivered again, nor is one
 * created in the future, as a gateway with a slow clock sees it. A failure goes to those who waited for it; a later
 * request tries again.
 * @param hasWaited whether this caller waited for the delivery
 * @param leaseMs how long a new claim lasts
 */
export function claim(
  { createdAt, decision }: Pick<Transaction, 'createdAt' | 'decision'>,
  { now, hasWaited, leaseMs }: { now: number; hasWaited: boolean; leaseMs: number },
): ClaimDecision {
  const progress = decision.relay;
  const isFuture = isFromFuture({ createdAt }, now);
  const take = (): ClaimDecision =>
    isFuture
      ? { kind: 'reply', progress: { kind: 'failed', isDown: false, reason: 'created in the future' } }
      : { kind: 'take', next: { ...decision, relay: { kind: 'claimed', until: now + leaseMs }, version: decision.version + 1 } };
  if (!progress) return take();
  switch (progress.kind) {
    case 'claimed':
      return now < progress.until && !isFuture ? { kind: 'wait', until: progress.until } : take();
    case 'failed':
      return hasWaited || isFuture || now >= decision.answerUntil ? { kind: 'reply', progress } : take();
    case 'sent':
    case 'queued':
    case 'dead-address':
      return { kind: 'reply', progress };
    default:
      return progress satisfies never;
  }
}
