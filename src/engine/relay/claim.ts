import { type Decision, isFromFuture, type RelayProgress, type Transaction } from '../../foundation/model/index.ts';

/** What somebody who brings a relayed challenge again has to do: take the reply of the first, wait for it, or deliver in its place. */
export type Claiming =
  | { kind: 'reply'; progress: Exclude<RelayProgress, { kind: 'claimed' }> }
  | { kind: 'wait'; until: number }
  | { kind: 'take'; next: Decision };

/**
 * What a repeated challenge is told. Pure. While one gateway is at it the others wait; one that died loses its claim at `until`. What a provider has, or the
 * phone will ask for, is never delivered again; nor is one from the future, as a gateway sees it whose clock is slow. A failure is told to those who waited for it; who comes later tries again.
 * @param hasWaited whether this caller saw the delivery under way
 * @param leaseMs how long a new claim holds
 */
export function claim(
  { createdAt, decision }: Pick<Transaction, 'createdAt' | 'decision'>,
  { now, hasWaited, leaseMs }: { now: number; hasWaited: boolean; leaseMs: number },
): Claiming {
  const progress = decision.relay;
  const isFuture = isFromFuture({ createdAt }, now);
  const take = (): Claiming =>
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
