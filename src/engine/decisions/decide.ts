import { type Challenge, type Decision, type DeclineReason, isFromFuture, type Transaction } from '../../foundation/model/index.ts';

/**
 * What can happen to a transaction. `answer` is the digest of a signed answer; answers with wrong signatures never get
 * here.
 */
export type TransactionEvent =
  | {
      kind: 'answered';
      serial: string;
      answer: string;
      verdict: 'accepted' | 'declined';
      declineReason?: DeclineReason | undefined;
      /** In presence mode: whether the phone picked the shown option. */
      option?: 'right' | 'wrong' | undefined;
    }
  | { kind: 'code-entered'; matches: string | undefined }
  /** `place`: the number of a waiting request where identical ones may join; each of them consumes the login once. */
  | { kind: 'consumed'; place?: number | undefined }
  /** An identical request joined instead of prompting a phone; `waits`: its reply waits for the phone. */
  | { kind: 'joined'; waits: boolean }
  /** One of several requests stopped waiting: its time is over, or its client is gone and may come back. */
  | { kind: 'left'; place: number; because: 'time' | 'gone' }
  /**
   * The phones of a quiet login that are prompted after all: their sealed challenges, under the handles stored before.
   */
  | { kind: 'asked'; challenges: readonly Challenge[] }
  /** One phone is no longer prompted, because it has too many open challenges. */
  | { kind: 'displaced'; serial: string }
  | { kind: 'withdrawn'; by: 'server' | 'user' | 'wait-timeout' | 'newer-prompt' };

/** The reply to the sender of an event, and the new decision; without `next` nothing changes. */
export type Decided = { reply: 'taken' | 'repeated' | 'code-shown' | 'accepted' | 'refused'; next?: Decision };

/** How many identical requests may join a login. */
export const mostJoined = 3;

const refused: Decided = { reply: 'refused' };
const isLive = ({ state }: Challenge): boolean => state === 'pending' || state === 'code-shown';

/** The fields that decide when a transaction ends. */
export type Timed = Pick<Transaction, 'createdAt' | 'decision'>;

/** Whether a transaction is over at `now` (epoch ms), or was created in the future. */
export const isOver = (transaction: Timed, now: number): boolean =>
  now >= transaction.decision.finishUntil || isFromFuture(transaction, now);

/**
 * Decides what an event makes of a transaction. Pure and total. A settled verdict never changes; the identical answer
 * again gets the first reply.
 * @param now epoch milliseconds; at `finishUntil` itself the transaction is over
 */
export function decide(transaction: Timed, event: TransactionEvent, now: number): Decided {
  if (isOver(transaction, now)) return refused;
  const { decision } = transaction;
  switch (event.kind) {
    case 'answered':
      return answered(decision, event, now);
    case 'code-entered':
      return codeEntered(decision, event.matches);
    case 'consumed':
      return consumed(decision, event.place);
    case 'joined':
      return joined(decision, event.waits, now);
    case 'left':
      return left(decision, event);
    case 'asked':
      return asked(decision, event.challenges, now);
    case 'displaced':
      return displaced(decision, event.serial);
    case 'withdrawn':
      return withdrawn(decision, event.by);
    default:
      return event satisfies never;
  }
}

function answered(decision: Decision, event: Extract<TransactionEvent, { kind: 'answered' }>, now: number): Decided {
  const challenge = decision.challenges.find(({ serial }) => serial === event.serial);
  if (!challenge) return refused;
  if (challenge.answer === event.answer) return { reply: challenge.state === 'code-shown' ? 'code-shown' : 'repeated' };
  if (decision.state !== 'open' || challenge.state !== 'pending' || now >= decision.answerUntil) return refused;
  if (event.verdict === 'accepted' && challenge.mode === 'presence' && event.option !== 'right') {
    if (challenge.wrongAnswer === event.answer) return refused;
    return { reply: 'refused', next: wrongTry(decision, [challenge.serial], event.answer) };
  }
  const graced = { ...decision, finishUntil: Math.max(decision.finishUntil, now + decision.rule.graceMs) };
  const { serial } = challenge;
  if (event.verdict === 'declined') return declined(decision.rule.quiet ? decision : graced, event);
  if (challenge.mode === 'code')
    return { reply: 'code-shown', next: changed(graced, serial, { state: 'code-shown', answer: event.answer }) };
  return { reply: 'taken', next: settled(changed(graced, serial, { state: 'accepted', answer: event.answer }), 'accepted') };
}

function declined(decision: Decision, event: Extract<TransactionEvent, { kind: 'answered' }>): Decided {
  const change = { state: 'declined', answer: event.answer, declineReason: event.declineReason ?? 'declined' } as const;
  const next = changed(decision, event.serial, change);
  const settles = !decision.rule.quiet && (decision.rule.declineSettles || !next.challenges.some(isLive));
  return { reply: 'taken', next: settles ? settled(next, 'declined') : next };
}

function codeEntered(decision: Decision, matches: string | undefined): Decided {
  const shown = decision.challenges.filter(({ state }) => state === 'code-shown').map(({ serial }) => serial);
  if (decision.state !== 'open' || shown.length === 0) return refused;
  if (matches === undefined || !shown.includes(matches)) return { reply: 'refused', next: wrongTry(decision, shown) };
  return { reply: 'accepted', next: settled(changed(decision, matches, { state: 'accepted' }), 'consumed') };
}

function consumed(decision: Decision, place: number | undefined): Decided {
  const isOwed = hasWaitingPlace(decision, place);
  if (place === undefined ? decision.state !== 'accepted' : !isOwed) return refused;
  if (decision.rule.consume === 'never') return { reply: 'accepted' };
  const taken = isOwed ? withoutPlace(decision, place) : decision;
  return { reply: 'accepted', next: { ...taken, state: 'consumed', version: decision.version + 1 } };
}

/**
 * Whether the request of this place still waits for an accepted login: an accept is for all requests that had joined
 * when it came.
 */
export const hasWaitingPlace = ({ state, repeats }: Decision, place: number | undefined): boolean =>
  (state === 'accepted' || state === 'consumed') && place !== undefined && repeats?.waiting.includes(place) === true;

function withoutPlace(decision: Decision, place: number | undefined): Decision {
  const { repeats } = decision;
  return repeats ? { ...decision, repeats: { ...repeats, waiting: repeats.waiting.filter((each) => each !== place) } } : decision;
}

/** No request joins after a phone has answered in any way. */
function joined(decision: Decision, waits: boolean, now: number): Decided {
  const { repeats, rule, state, challenges } = decision;
  const isUntouched = challenges.every((each) => each.state === 'pending' && each.wrongTries === 0);
  if (!repeats || rule.quiet || state !== 'open' || now >= decision.answerUntil || !isUntouched || repeats.joined >= mostJoined)
    return refused;
  const place = repeats.joined + 1;
  const waiting = waits ? [...repeats.waiting, place] : repeats.waiting;
  return { reply: 'taken', next: { ...decision, repeats: { joined: place, waiting }, version: decision.version + 1 } };
}

/** When the time of the last waiting request is over, so is the login; a client that is gone may come back. */
function left(decision: Decision, { place, because }: Extract<TransactionEvent, { kind: 'left' }>): Decided {
  if (decision.state !== 'open' || !decision.repeats?.waiting.includes(place)) return refused;
  const next = { ...withoutPlace(decision, place), version: decision.version + 1 };
  const isOver = because === 'time' && next.repeats?.waiting.length === 0;
  return { reply: 'taken', next: isOver ? { ...next, state: 'withdrawn' } : next };
}

function displaced(decision: Decision, serial: string): Decided {
  const challenge = decision.challenges.find((each) => each.serial === serial);
  if (decision.state !== 'open' || challenge?.state !== 'pending') return refused;
  const next = changed(decision, serial, { state: 'closed' });
  return { reply: 'taken', next: decision.rule.quiet || next.challenges.some(isLive) ? next : { ...next, state: 'withdrawn' } };
}

function asked(decision: Decision, challenges: readonly Challenge[], now: number): Decided {
  if (decision.state !== 'open' || now >= decision.answerUntil) return refused;
  const kept = decision.challenges.map((unsealed) =>
    unsealed.state === 'closed' && unsealed.payload === ''
      ? (challenges.find(({ handle }) => handle === unsealed.handle) ?? unsealed)
      : unsealed,
  );
  const isSame = kept.every((challenge, index) => challenge === decision.challenges[index]);
  return isSame ? refused : { reply: 'taken', next: { ...decision, challenges: kept, version: decision.version + 1 } };
}

function withdrawn(decision: Decision, by: Extract<TransactionEvent, { kind: 'withdrawn' }>['by']): Decided {
  // An accept that came first must reach the waiting server; only that server itself may withdraw it.
  const mayEnd = decision.state === 'open' || (decision.state === 'accepted' && by === 'server');
  return mayEnd ? { reply: 'taken', next: { ...decision, state: 'withdrawn', version: decision.version + 1 } } : refused;
}

function changed(decision: Decision, serial: string, change: Partial<Challenge>): Decision {
  const challenges = decision.challenges.map((challenge) => (challenge.serial === serial ? { ...challenge, ...change } : challenge));
  return { ...decision, challenges, version: decision.version + 1 };
}

function settled(decision: Decision, state: 'accepted' | 'declined' | 'consumed'): Decision {
  const challenges = decision.challenges.map((challenge) => (isLive(challenge) ? { ...challenge, state: 'closed' as const } : challenge));
  return { ...decision, state, challenges };
}

function wrongTry(decision: Decision, serials: readonly string[], wrongAnswer?: string): Decision {
  const challenges = decision.challenges.map((challenge): Challenge => {
    if (!serials.includes(challenge.serial)) return challenge;
    const wrongTries = challenge.wrongTries + 1;
    const state = wrongTries >= challenge.maxWrong ? 'locked' : challenge.state;
    return { ...challenge, wrongTries, state, ...(wrongAnswer === undefined ? {} : { wrongAnswer }) };
  });
  const next = { ...decision, challenges, version: decision.version + 1 };
  return decision.rule.quiet || challenges.some(isLive) ? next : settled(next, 'declined');
}
