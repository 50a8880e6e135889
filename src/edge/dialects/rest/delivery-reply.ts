import { z } from 'zod';
import { outcomeKinds, rejectedReasons, type TrailEntry, type Transaction, unavailableReasons } from '../../../foundation/model/index.ts';
import { iso } from './challenge-reply.ts';

const Outcome = z.enum(['pending', 'sent', 'queued', 'rejected', 'unavailable']);
const Reason = z.enum([...rejectedReasons, ...unavailableReasons]);

/** A delivery in replies. */
export const DeliveryReply = z.strictObject({
  id: z.string().describe('The id of the delivery: 20 digits.'),
  key: z.string().describe('Its Idempotency-Key.'),
  outcome: Outcome.describe(
    'sent: a provider took it. queued: the device may poll for it. rejected: no provider of the plan can ever deliver it. unavailable: none can deliver it now. pending: it is under way.',
  ),
  reason: Reason.optional().describe('Why it is rejected or unavailable.'),
  provider: z.string().optional().describe('The provider that took it, or that gave this reason.'),
  attempts: z
    .array(
      z.strictObject({
        provider: z.string(),
        outcome: z.enum([...outcomeKinds, 'skipped']),
        reason: z.string().optional(),
        ms: z.int().describe('How long it took.'),
      }),
    )
    .describe('In the order of their ends. skipped: a provider that serves none of the addresses, or is out of use.'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe('No provider delivers it later.'),
});

/** The reply for a relayed transaction with its trail. */
export function deliveryReply(transaction: Transaction, trail: readonly TrailEntry[]): z.output<typeof DeliveryReply> {
  const { id, foreignId = '', createdAt, decision } = transaction;
  const outcome = outcomeOf(decision.relay);
  const decisive = trail.findLast((attempt) => attempt.outcome === outcome);
  return {
    id,
    key: foreignId,
    outcome,
    reason: Reason.safeParse(decisive?.reason).data,
    provider: decisive?.provider,
    attempts: trail.map(({ provider, outcome: how, reason, ms }) => ({
      provider,
      outcome: how,
      reason: reason === '' ? undefined : reason,
      ms,
    })),
    createdAt: iso(createdAt),
    expiresAt: iso(decision.answerUntil),
  };
}

function outcomeOf(progress: Transaction['decision']['relay']): z.output<typeof Outcome> {
  switch (progress?.kind) {
    case 'sent':
    case 'queued':
      return progress.kind;
    case 'dead-address':
      return 'rejected';
    case 'failed':
      return progress.isDown ? 'unavailable' : 'rejected';
    case 'claimed':
    case undefined:
      return 'pending';
    default:
      return progress satisfies never;
  }
}
