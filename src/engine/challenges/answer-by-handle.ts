import type { Challenge, PushToken, Transaction } from '../../foundation/model/index.ts';
import { limitedSource } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import type { PhoneProtocol } from '../phones/phone-protocol.ts';
import { isForPhone } from '../records/phone-key.ts';
import { isInValidity } from '../records/usable.ts';
import { type AnswerReply, type Found, take } from './answer.ts';

/** A phone's answer that names no push token. */
export type HandleAnswer<A> = {
  /** Possible handles of the challenge, the likeliest first. */
  handles: readonly string[];
  /** The answer as its protocol parsed it. */
  answer: A;
  /** The address that wrong signatures count against. */
  source: string;
};

/** {@link Challenges.answerByHandle}. */
export async function answerByHandle<A>(
  parts: EngineParts,
  phone: PhoneProtocol<never, A>,
  request: HandleAnswer<A>,
): Promise<AnswerReply> {
  const named = await findNamed(parts, phone.name, request.handles);
  if (!named) return { kind: 'refused' };
  const { transaction, challenges } = named;
  for (const challenge of challenges) {
    const found = await fits(parts, phone, request.answer, { transaction, challenge });
    if (found) return take(parts, found);
  }
  const kind = await parts.limits.failed('answer', limitedSource(request.source, { serial: transaction.id }));
  if (kind === 'refused')
    parts.log.info({ transactionId: transaction.id, source: request.source }, 'an answer matches no challenge of this transaction');
  return { kind };
}

/**
 * Finds the first handle that exists. The first handle names one challenge; any other names a whole transaction, so all
 * its challenges count.
 */
async function findNamed(
  { store }: EngineParts,
  phone: string,
  handles: readonly string[],
): Promise<{ transaction: Transaction; challenges: readonly Challenge[] } | undefined> {
  for (const [index, handle] of handles.entries()) {
    const transaction = await store.findByHandle(phone, handle);
    if (!transaction) continue;
    const { challenges } = transaction.decision;
    return { transaction, challenges: index > 0 ? challenges : challenges.filter((each) => each.handle === handle) };
  }
  return undefined;
}

async function fits<A>(
  { store, clock }: EngineParts,
  phone: PhoneProtocol<never, A>,
  answer: A,
  { transaction, challenge }: { transaction: Transaction; challenge: Challenge },
): Promise<Found | undefined> {
  if (challenge.phone !== phone.name) return undefined;
  const token = await store.findToken(challenge.serial);
  if (!token || !isForPhone(challenge, token) || !mayAnswer(token, transaction) || !isInValidity(token, clock())) return undefined;
  const meaning = phone.readAnswer(answer, challenge, token);
  return meaning && { transaction, challenge, meaning };
}

/** Logins need a phone that has proved its key; an activation is that proof. */
function mayAnswer({ rollout, enabled, revoked }: PushToken, { kind }: Transaction): boolean {
  if (revoked) return false;
  return (rollout === 'enrolled' && enabled) || (rollout === 'activating' && kind === 'activation');
}
