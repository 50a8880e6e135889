import type { Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { isBoundBy } from '../records/phone-key.ts';
import { applyEvent } from './apply.ts';

/** Answers the enrolments that offered this push token, now that its phone is bound. */
export async function answerEnrolments(parts: EngineParts, serial: string): Promise<void> {
  for (const transaction of await parts.store.openTransactionsOf(serial, parts.clock())) await answered(parts, transaction);
}

/**
 * Returns the current transaction. An enrolment whose phone has finished is answered here by the first caller, so that
 * a gateway that died between the rollout and this answer leaves no open enrolment.
 */
export async function answered(parts: EngineParts, transaction: Transaction): Promise<Transaction> {
  const [challenge] = transaction.decision.challenges;
  if (transaction.kind !== 'enrolment' || transaction.decision.state !== 'open' || !challenge) return transaction;
  const { serial } = challenge;
  const token = await parts.store.findToken(serial);
  if (!token || !isBoundBy(challenge, token)) return transaction;
  const answer = token.rolloutCredential.finished?.digest ?? '';
  return (await applyEvent(parts, transaction, { kind: 'answered', serial, answer, verdict: 'accepted' })).transaction;
}
