import type { PushToken, Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { isOutage } from '../decisions/lookout.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';
import { isUsable } from '../records/usable.ts';
import { finish } from './finish.ts';
import { type Over, untilDecided } from './until-decided.ts';

/** A login whose auth server waits for the answer. It holds names only, because many may wait at once. */
export type WaitRequest = {
  /** The transaction. */
  id: string;
  /** The push tokens to return at the end. */
  serials: readonly string[];
  /** The push tokens among them that may finish the login. */
  usable: readonly string[];
  /** The number of this request among identical ones; see `Issued`. */
  place?: number | undefined;
  waitMs: number;
  /** Registers a function to call once when the client no longer waits; returns how to unregister it. */
  givenUp: (onGivenUp: () => void) => () => void;
};

type End = { kind: 'accepted'; serial: string } | { kind: 'declined'; status: 'declined' | 'cancelled' } | { kind: 'timeout' };

/**
 * The end of a wait: accepted (and consumed, once), declined, or `timeout`, after which no phone can answer any more.
 */
export type Waited = End & {
  /** The push tokens as they are now, without removed ones. */
  tokens: PushToken[];
  /**
   * Whether an end without an accept counts as a failure: once for each login, and not if perhaps no phone was
   * prompted.
   */
  isFailure: boolean;
};

/** {@link Challenges.waitForAnswer}. */
export const waitForAnswer = (parts: EngineParts, request: WaitRequest): Promise<Waited> =>
  untilDecided(parts, { ...request, kind: 'push_wait' }, (over) => look(parts, request, over));

/** The state of the transaction now; `unreachable`: the store did not answer, which does not end the wait. */
async function look(parts: EngineParts, request: WaitRequest, over: Over | undefined): Promise<Waited | 'again' | 'unreachable'> {
  try {
    const transaction = await parts.store.findTransaction(request.id);
    if (!over && transaction && isOpen(parts, transaction)) return 'again';
    // Read before the login is consumed, so that a store failure here does not lose an answer.
    const tokens = await tokensOf(parts, request);
    if (!transaction) return { kind: 'timeout', tokens, isFailure: true };
    const usable = tokens.filter((token) => request.usable.includes(token.serial) && isUsable(token, parts.clock()));
    const waiting = { transaction, usable, place: request.place };
    const ended = over ? await giveUp(parts, waiting, over) : await endOf(parts, waiting);
    const isFailure = transaction.decision.rule.quiet !== true && (request.place ?? 0) === 0;
    return ended === 'again' ? ended : { ...ended, tokens, isFailure };
  } catch (error) {
    if (!over && isOutage(error)) return 'unreachable';
    throw error;
  }
}

const isOpen = ({ clock }: EngineParts, transaction: Transaction): boolean =>
  ['pending', 'code-shown'].includes(statusOf(transaction, clock()));

async function tokensOf({ store }: EngineParts, { serials }: WaitRequest): Promise<PushToken[]> {
  const found = await Promise.all(serials.map((serial) => store.findToken(serial)));
  return found.filter((token) => token !== undefined);
}

type Waiting = { transaction: Transaction; usable: readonly PushToken[]; place: number | undefined };

async function endOf(parts: EngineParts, { transaction, usable, place }: Waiting): Promise<End | 'again'> {
  const status: Status = statusOf(transaction, parts.clock());
  switch (status) {
    case 'pending':
    case 'code-shown':
      return 'again';
    case 'accepted':
    case 'consumed': {
      const { user, realm } = transaction;
      const finished = await finish(parts, { transaction, usable, place, ...userOrSerial(user, realm, usable) });
      return finished.kind === 'accepted' ? finished : { kind: 'timeout' };
    }
    case 'declined':
    case 'cancelled':
      return { kind: 'declined', status };
    case 'locked':
      return { kind: 'declined', status: 'declined' };
    case 'withdrawn':
    case 'expired':
      return { kind: 'timeout' };
    default:
      return status satisfies never;
  }
}

/** A push token without an owner is identified by its serial. */
const userOrSerial = (user: string, realm: string, [token]: readonly PushToken[]) =>
  user === '' && token ? { serial: token.serial } : { user: { user, realm } };

/** Ends a wait; with identical requests others may still wait. An answer that came first counts. */
async function giveUp(parts: EngineParts, waiting: Waiting, because: Over): Promise<End> {
  const { transaction, place } = waiting;
  const event = place === undefined ? ({ kind: 'withdrawn', by: 'wait-timeout' } as const) : ({ kind: 'left', place, because } as const);
  const { reply, transaction: now } = await applyEvent(parts, transaction, event);
  if (reply === 'taken') return { kind: 'timeout' };
  const ended = await endOf(parts, { ...waiting, transaction: now });
  return ended === 'again' ? { kind: 'timeout' } : ended;
}
