import { GatewayFault, type PushToken, type Transaction } from '../../foundation/model/index.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';
import { isUsable } from '../records/usable.ts';
import { finish } from './finish.ts';

/**
 * A login whose auth server waits for the phone's answer: names only, since many may wait at once. `serials`: the push tokens that its end
 * needs; `usable`: those of them that may finish it; `place`: its own among identical requests, where those may join; `givenUp` is told once what to call when nobody waits any more, and says how to stop that.
 */
export type WaitRequest = {
  id: string;
  serials: readonly string[];
  usable: readonly string[];
  place?: number | undefined;
  waitMs: number;
  givenUp: (tell: () => void) => () => void;
};

type End = { kind: 'accepted'; serial: string } | { kind: 'declined'; status: 'declined' | 'cancelled' } | { kind: 'timeout' };

/**
 * How waiting ended: accepted (and taken, once), declined, or nothing in time; then nothing can be answered any more. `tokens`: the push tokens
 * as they were then, without those that are gone. `isFailure`: an end without a yes counts as a failure, as it does once for each login; not where it may be
 * that nobody was asked.
 */
export type Waited = End & { tokens: PushToken[]; isFailure: boolean };

const retryMs = 200;

/** {@link Challenges.waitForAnswer}. */
export async function waitForAnswer(parts: EngineParts, request: WaitRequest): Promise<Waited> {
  const bell: Bell = { hasRung: false, over: undefined, wake: () => undefined };
  const ring = (): void => {
    bell.hasRung = true;
    bell.wake();
  };
  const end = (because: Over): void => {
    bell.over ??= because;
    ring();
  };
  // Listens first and looks then, so that no answer falls between.
  const stopListening = parts.store.onDecided(request.id, ring);
  const stopWatching = request.givenUp(() => end('gone'));
  const timer = setTimeout(() => end('time'), Math.max(1, request.waitMs));
  parts.metrics.waiters.inc({ kind: 'push_wait' });
  try {
    for (;;) {
      const ended = await look(parts, request, bell.over);
      if (ended !== 'again' && ended !== 'unreachable') return ended;
      await rung(bell, ended === 'unreachable' ? retryMs : undefined);
      bell.hasRung = bell.over !== undefined;
    }
  } finally {
    stopListening();
    stopWatching();
    clearTimeout(timer);
    parts.metrics.waiters.dec({ kind: 'push_wait' });
  }
}

/** Why nobody waits any more. */
type Over = 'time' | 'gone';

/** What is waited for, which may have happened already: a ring, or that it is over, by time or because nobody waits any more. */
type Bell = { hasRung: boolean; over: Over | undefined; wake: () => void };

/** Resolves at the next ring, or at one that nobody has waited for yet, or after `limitMs`. */
function rung(bell: Bell, limitMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    bell.wake = resolve;
    if (bell.hasRung) resolve();
    if (limitMs !== undefined) setTimeout(resolve, limitMs);
  });
}

/** What the transaction says now; `unreachable`: the store could not be asked, which is no end of the wait before its time. */
async function look(parts: EngineParts, request: WaitRequest, over: Over | undefined): Promise<Waited | 'again' | 'unreachable'> {
  try {
    const transaction = await parts.store.findTransaction(request.id);
    if (!over && transaction && isOpen(parts, transaction)) return 'again';
    // Read before the login is taken: a store that cannot be asked must not cost an answer.
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

/** Whether the store could not be asked; that a store tells it by another error than a fault makes it no end of the wait. */
const isOutage = (error: unknown): boolean =>
  error instanceof GatewayFault ? error.code === 'store-unavailable' : wireErrorOf(error, undefined) !== undefined;

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
      const finished = await finish(parts, { transaction, usable, place, ...whose(user, realm, usable) });
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

/** A push token without an owner is asked for by its serial alone. */
const whose = (user: string, realm: string, [token]: readonly PushToken[]) =>
  user === '' && token ? { serial: token.serial } : { user: { user, realm } };

/** Ends what nobody waits for; where identical requests may join, others may wait still. Where an answer came first, that counts. */
async function giveUp(parts: EngineParts, waiting: Waiting, because: Over): Promise<End> {
  const { transaction, place } = waiting;
  const event = place === undefined ? ({ kind: 'withdrawn', by: 'wait-timeout' } as const) : ({ kind: 'left', place, because } as const);
  const { reply, transaction: now } = await applyEvent(parts, transaction, event);
  if (reply === 'taken') return { kind: 'timeout' };
  const ended = await endOf(parts, { ...waiting, transaction: now });
  return ended === 'again' ? { kind: 'timeout' } : ended;
}
