import { isOver, type Timed } from './decide.ts';

/** Where a transaction stands, as an auth server may learn it. The table of what each dialect makes of it: design, life of a challenge. */
export type Status = (typeof statuses)[number];

/** Every status, in the order in which a login may come to them. */
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

/** Reads the status at `now` (epoch ms). An open transaction with a decline that does not settle reads as that decline; of a quiet one nothing but a yes is told. */
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
  // A code that a phone shows can be entered until the time to finish is over.
  if (!decision.rule.quiet && challenges.some(({ state }) => state === 'code-shown')) return 'code-shown';
  // An open transaction that nobody can answer any more ends as a time-out would, before its time to finish does.
  return now >= decision.answerUntil ? 'expired' : 'pending';
}
