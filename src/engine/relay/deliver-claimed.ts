import type { Delivery } from '../../delivery/registry/index.ts';
import type { RelayProgress, TrailEntry, Transaction } from '../../foundation/model/index.ts';
import { reserveOf } from '../challenges/deliver.ts';
import type { EngineParts } from '../parts.ts';
import type { Outcome } from './held-claim.ts';
import { markPhoneDead, type RelayPhone } from './phone.ts';
import type { RelayPlan } from './plan.ts';
import type { RelayRequest } from './request.ts';

/** The outcome of a relayed challenge. */
export type Settled = Exclude<RelayProgress, { kind: 'claimed' }>;

/** A challenge under our claim; `mayBegin` is asked before each push. */
export type Claimed = { request: RelayRequest; phone: RelayPhone; plan: RelayPlan; transaction: Transaction; mayBegin: () => boolean };

/** Delivers a claimed challenge by its plan, and marks addresses that are dead. */
export async function deliverClaimed(
  parts: EngineParts,
  { request, phone, plan, transaction, mayBegin }: Claimed,
): Promise<Outcome<Settled>> {
  const { registry, clock } = parts;
  const { delivery, canPoll } = plan;
  parts.loginQueue.releaseSlot();
  const { outcome, attempts, deadAddresses } = await registry.deliver(
    { ...delivery, deadlineMs: delivery.deadlineMs - reserveOf(delivery.deadlineMs), mayBegin },
    {
      transactionId: transaction.id,
      handle: request.transactionId,
      phone: phone.protocol,
      payload: request.payload,
      addresses: phone.addresses,
      expiresAt: transaction.decision.answerUntil,
    },
  );
  const at = clock();
  const trail = attempts.map((attempt): TrailEntry => ({ at, serial: phone.serial, ...attempt }));
  // Before the reply, so that a server that learns of a dead address finds it in the feed.
  if (deadAddresses.length > 0) await markPhoneDead(parts, request, phone, deadAddresses);
  return { progress: progressOf(outcome, trail, { canPoll, hasDead: deadAddresses.length > 0 }), trail };
}

function progressOf(
  outcome: Delivery['outcome'],
  trail: readonly TrailEntry[],
  { canPoll, hasDead }: { canPoll: boolean; hasDead: boolean },
): Settled {
  if (outcome.kind === 'sent') return { kind: outcome.reason === 'poll' ? 'queued' : 'sent' };
  if (canPoll) return { kind: 'queued' };
  const tried = trail.filter((each) => each.outcome !== 'skipped');
  if (hasDead && tried.every(({ reason }) => reason === 'dead-address')) return { kind: 'dead-address' };
  const reason = tried.map((each) => `${each.provider}: ${each.reason}`).join(', ');
  return { kind: 'failed', isDown: tried.every((each) => each.outcome === 'unavailable'), reason: reason.slice(0, 200) };
}
