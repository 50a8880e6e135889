import type { Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { isBoundBy } from '../records/phone-key.ts';
import { applyEvent } from './apply.ts';

/** Answers the enrolments that this push token was offered for, now that its phone is bound. */
export async function answerEnrolments(parts: EngineParts, serial: string): Promise<void> {
  for (const transaction of await parts.store.openTransactionsOf(serial, parts.clock())) await answered(parts, transaction);
}

/**
 * The transaction as it is. An enrolment whose phone has finished is answered here, whoever asks first: a gateway that died between the
 * rollout and its answer leaves nothing undone.
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
