import { isOver, type Timed } from './decide.ts';

/** The status of a transaction as auth servers may see it. Each dialect has a table of its own words for it. */
export type Status = (typeof statuses)[number];

/** All statuses, in the order of a login's life. */
export const statuses = [
  'pending',
  'code-shown',
  'accepted',
  'declined',
  'cancelled',
  'locked',
  'withdrawn',
  'consumed',
  'expired',
] as const;

/**
 * The status at `now` (epoch ms). An open transaction with a decline that does not settle reads as declined; a quiet
 * one reveals only an accept.
 */
export function statusOf(transaction: Timed, now: number): Status {
  const { decision } = transaction;
  if (decision.state === 'withdrawn' || decision.state === 'consumed') return decision.state;
  if (isOver(transaction, now)) return 'expired';
  if (decision.state === 'accepted') return 'accepted';
  const { challenges } = decision;
  const declines = decision.rule.quiet ? [] : challenges.filter(({ state }) => state === 'declined');
  if (declines.some(({ declineReason }) => declineReason !== 'cancelled')) return 'declined';
  if (declines.length > 0) return 'cancelled';
  if (decision.state === 'declined') return 'locked';
  // A code on a phone can be typed until `finishUntil`.
  if (!decision.rule.quiet && challenges.some(({ state }) => state === 'code-shown')) return 'code-shown';
  // An open transaction that no phone can answer any more reads as expired, before `finishUntil`.
  return now >= decision.answerUntil ? 'expired' : 'pending';
}
