import type { Challenge, Named, PushToken, Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { hasWaitingPlace, isOver } from '../decisions/decide.ts';
import { answered } from '../decisions/enrolment-answer.ts';
import type { EngineParts } from '../parts.ts';
import { isSameUser } from '../people/person-key.ts';
import { countFailures } from '../pins/pins-per-source.ts';
import { isBoundBy, isForPhone } from '../records/phone-key.ts';
import { matchingCode } from './ask.ts';

/**
 * A request to finish a transaction. Only the auth server that started it may, for the same user or one of its push
 * tokens. `code`: what the user typed, for challenges whose phone shows a code; an empty one does not count as a try.
 */
export type FinishRequest = {
  /** The result of `findOwn`, so that the caller can look it up in parallel to the push tokens. */
  transaction: Transaction | undefined;
  user?: Named | undefined;
  serial?: string | undefined;
  code?: string;
  /**
   * The push tokens that may be used now: a token disabled or removed since its phone answered does not finish a login.
   */
  usable: readonly PushToken[];
  /** The place of a waiting request that identical requests may join; see `Issued`. */
  place?: number | undefined;
};

/**
 * The result. `accepted` comes once per accepted transaction, and with joined requests once for each that waits.
 * `not-answered` changes nothing. `unknown` gives no reason.
 */
export type Finished = { kind: 'accepted'; serial: string } | { kind: 'not-answered'; transaction: Transaction } | { kind: 'unknown' };

/** {@link Challenges.finish}. */
export async function finish(parts: EngineParts, request: FinishRequest): Promise<Finished> {
  const { transaction } = request;
  if (!transaction || !isFor(parts, transaction, request)) return { kind: 'unknown' };
  const { decision } = transaction;
  const mayFinish = (challenge: Challenge): boolean =>
    request.usable.some((token) => isForPhone(challenge, token) || isBoundBy(challenge, token));
  const isAccepted = decision.state === 'accepted' || hasWaitingPlace(decision, request.place);
  const isTaken = decision.state === 'consumed' && !isAccepted;
  if (decision.state === 'withdrawn' || isTaken || isOver(transaction, parts.clock())) return { kind: 'unknown' };
  const shown = decision.challenges.filter((challenge) => challenge.state === 'code-shown' && mayFinish(challenge));
  const isTyped = request.code !== undefined && request.code !== '' && shown.length > 0;
  if (!isAccepted && !isTyped) return { kind: 'not-answered', transaction };
  if (isAccepted && !decision.challenges.some((each) => each.state === 'accepted' && mayFinish(each))) return { kind: 'unknown' };
  const matches = isTyped ? matchingCode(parts.keyring, shown, request.code ?? '') : undefined;
  const event = isAccepted ? ({ kind: 'consumed', place: request.place } as const) : ({ kind: 'code-entered', matches } as const);
  const { reply, transaction: after } = await applyEvent(parts, transaction, event);
  if (reply !== 'accepted' && isTyped) {
    const failed = request.usable.filter((token) => shown.some(({ serial }) => serial === token.serial));
    const { user, realm, authServer, client } = transaction;
    await countFailures(parts, failed, { user, realm, authServer, client, serial: failed[0]?.serial });
    return { kind: 'not-answered', transaction: after };
  }
  const accepted = after.decision.challenges.find(({ state }) => state === 'accepted');
  return reply === 'accepted' && accepted ? { kind: 'accepted', serial: accepted.serial } : { kind: 'unknown' };
}

/** The transaction, if this auth server started it. */
export const ownOf = (transaction: Transaction | undefined, authServer: string): Transaction | undefined =>
  transaction?.authServer === authServer ? transaction : undefined;

/** {@link Challenges.findOwn}. */
export async function findOwn(parts: EngineParts, dialect: string, authServer: string, id: string): Promise<Transaction | undefined> {
  const transaction = ownOf(await parts.store.findTransaction(id), authServer);
  return transaction?.dialect === dialect ? answered(parts, transaction) : undefined;
}

/** {@link Challenges.findOwnForeign}. */
export const findOwnForeign = (
  { store }: EngineParts,
  dialect: string,
  authServer: string,
  foreignId: string,
): Promise<Transaction | undefined> => store.findByForeignId(dialect, authServer, foreignId);

const idForm = /^\d{20}$/;

/** A poll by a client that only knows the transaction id; `isKnown` is asked if the transaction does not exist. */
export type PublicPoll = { id: string; dialect: string; source: string; isKnown: () => Promise<boolean> };

/** {@link Challenges.findPublicly}. */
export async function findPublicly(parts: EngineParts, { id, dialect, source, isKnown }: PublicPoll): Promise<Transaction | undefined> {
  const transaction = idForm.test(id) ? await parts.store.findTransaction(id) : undefined;
  if (transaction?.dialect === dialect) return answered(parts, transaction);
  if (await isKnown()) return undefined;
  await parts.limits.failedOrThrow('status', source);
  return undefined;
}

function isFor(parts: EngineParts, transaction: Transaction, { user, serial }: FinishRequest): boolean {
  const sameUser = !user || isSameUser(parts, user, transaction);
  const hasToken = serial === undefined || transaction.decision.challenges.some((challenge) => challenge.serial === serial);
  return sameUser && hasToken && (user !== undefined || serial !== undefined);
}
