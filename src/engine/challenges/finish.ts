import type { Challenge, Named, PushToken, Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { isOver, isOwedTo } from '../decisions/decide.ts';
import { answered } from '../decisions/enrolment-answer.ts';
import type { EngineParts } from '../parts.ts';
import { isSameUser } from '../people/person-key.ts';
import { countFailures } from '../pins/pins-per-source.ts';
import { isBoundBy, isForPhone } from '../records/phone-key.ts';
import { matchingCode } from './ask.ts';

/**
 * Who finishes what: only the auth server that started a transaction may, and only for the same user or one of its push tokens. `code` is
 * what the user typed, for challenges whose phone shows a code; an empty one is no try.
 */
export type FinishRequest = {
  /** What `findOwn` found; it may be looked for while the push tokens are. */
  transaction: Transaction | undefined;
  user?: Named | undefined;
  serial?: string | undefined;
  code?: string;
  /** The push tokens that may be used now: one that was disabled or removed since its phone answered finishes nothing. */
  usable: readonly PushToken[];
  /** The place of a request that waits, where identical ones may join: see `Issued`. */
  place?: number | undefined;
};

/**
 * `accepted` comes exactly once per accepted transaction, and where identical requests have joined one, once to each that waits. `not-answered` leaves it as it is. `unknown` never tells why.
 */
export type Finished = { kind: 'accepted'; serial: string } | { kind: 'not-answered'; transaction: Transaction } | { kind: 'unknown' };

/** {@link Challenges.finish}. */
export async function finish(parts: EngineParts, request: FinishRequest): Promise<Finished> {
  const { transaction } = request;
  if (!transaction || !isFor(parts, transaction, request)) return { kind: 'unknown' };
  const { decision } = transaction;
  const mayFinish = (challenge: Challenge): boolean =>
    request.usable.some((token) => isForPhone(challenge, token) || isBoundBy(challenge, token));
  const isAccepted = decision.state === 'accepted' || isOwedTo(decision, request.place);
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

/** The transaction, for the auth server that began it; undefined for all others. */
export const ownOf = (transaction: Transaction | undefined, authServer: string): Transaction | undefined =>
  transaction?.authServer === authServer ? transaction : undefined;

/** {@link Challenges.findOwn}. */
export async function findOwn(parts: EngineParts, id: string, authServer: string): Promise<Transaction | undefined> {
  const transaction = ownOf(await parts.store.findTransaction(id), authServer);
  return transaction && answered(parts, transaction);
}

/** {@link Challenges.findOwnForeign}. */
export const findOwnForeign = (
  { store }: EngineParts,
  dialect: string,
  authServer: string,
  foreignId: string,
): Promise<Transaction | undefined> => store.findByForeignId(dialect, authServer, foreignId);

const idForm = /^\d{20}$/;

/** A poll by somebody of whom only the id of the transaction is known; `isKnown` is asked where there is no such transaction. */
export type PublicPoll = { id: string; dialect: string; source: string; isKnown: () => Promise<boolean> };

/** {@link Challenges.findPublicly}. */
export async function findPublicly(parts: EngineParts, { id, dialect, source, isKnown }: PublicPoll): Promise<Transaction | undefined> {
  const transaction = idForm.test(id) ? await parts.store.findTransaction(id) : undefined;
  if (transaction?.dialect === dialect) return answered(parts, transaction);
  if (await isKnown()) return undefined;
  await parts.limits.failedOpenly('status', source);
  return undefined;
}

function isFor(parts: EngineParts, transaction: Transaction, { user, serial }: FinishRequest): boolean {
  const sameUser = !user || isSameUser(parts, user, transaction);
  const hasToken = serial === undefined || transaction.decision.challenges.some((challenge) => challenge.serial === serial);
  return sameUser && hasToken && (user !== undefined || serial !== undefined);
}
