import { GatewayFault, type PushToken, type Transaction } from '../../foundation/model/index.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';
import { isUsable } from '../records/usable.ts';
import { finish } from './finish.ts';

/**
 * A login whose auth server waits for the phone's answer: names only, since many may wait at once. `serials`: the push tokens that its end
 * needs; `usable`: those of them that may finish it; `givenUp` is told once what to call when nobody waits any more, and says how to stop that.
 */
export type WaitRequest = {
  id: string;
  serials: readonly string[];
  usable: readonly string[];
  waitMs: number;
  givenUp: (tell: () => void) => () => void;
};

type End = { kind: 'accepted'; serial: string } | { kind: 'declined'; status: 'declined' | 'cancelled' } | { kind: 'timeout' };

/**
 * How waiting ended: accepted (and taken, once), declined, or nothing in time; then nothing can be answered any more. `tokens`: the push tokens
 * as they were then, without those that are gone. `isQuiet`: it may be that nobody was asked.
 */
export type Waited = End & { tokens: PushToken[]; isQuiet: boolean };

const retryMs = 200;

/** {@link Challenges.waitForAnswer}. */
export async function waitForAnswer(parts: EngineParts, request: WaitRequest): Promise<Waited> {
  const bell: Bell = { hasRung: false, isOver: false, wake: () => undefined };
  const ring = (): void => {
    bell.hasRung = true;
    bell.wake();
  };
  const end = (): void => {
    bell.isOver = true;
    ring();
  };
  // Listens first and looks then, so that no answer falls between.
  const stopListening = parts.store.onDecided(request.id, ring);
  const stopWatching = request.givenUp(end);
  const timer = setTimeout(end, Math.max(1, request.waitMs));
  parts.metrics.waiters.inc({ kind: 'push_wait' });
  try {
    for (;;) {
      const ended = await look(parts, request, bell.isOver);
      if (ended !== 'again' && ended !== 'unreachable') return ended;
      await rung(bell, ended === 'unreachable' ? retryMs : undefined);
      bell.hasRung = bell.isOver;
    }
  } finally {
    stopListening();
    stopWatching();
    clearTimeout(timer);
    parts.metrics.waiters.dec({ kind: 'push_wait' });
  }
}

/** What is waited for, which may have happened already: a ring, or that it is over, by time or because nobody waits any more. */
type Bell = { hasRung: boolean; isOver: boolean; wake: () => void };

/** Resolves at the next ring, or at one that nobody has waited for yet, or after `limitMs`. */
function rung(bell: Bell, limitMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    bell.wake = resolve;
    if (bell.hasRung) resolve();
    if (limitMs !== undefined) setTimeout(resolve, limitMs);
  });
}

/** What the transaction says now; `unreachable`: the store could not be asked, which is no end of the wait before its time. */
async function look(parts: EngineParts, request: WaitRequest, isOver: boolean): Promise<Waited | 'again' | 'unreachable'> {
  try {
    const transaction = await parts.store.findTransaction(request.id);
    if (!isOver && transaction && isOpen(parts, transaction)) return 'again';
    // Read before the login is taken: a store that cannot be asked must not cost an answer.
    const tokens = await tokensOf(parts, request);
    if (!transaction) return { kind: 'timeout', tokens, isQuiet: false };
    const usable = tokens.filter((token) => request.usable.includes(token.serial) && isUsable(token, parts.clock()));
    const ended = isOver ? await giveUp(parts, transaction, usable) : await endOf(parts, transaction, usable);
    return ended === 'again' ? ended : { ...ended, tokens, isQuiet: transaction.decision.rule.quiet === true };
  } catch (error) {
    if (!isOver && isOutage(error)) return 'unreachable';
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

async function endOf(parts: EngineParts, transaction: Transaction, usable: readonly PushToken[]): Promise<End | 'again'> {
  const status: Status = statusOf(transaction, parts.clock());
  switch (status) {
    case 'pending':
    case 'code-shown':
      return 'again';
    case 'accepted': {
      const { user, realm } = transaction;
      const finished = await finish(parts, { transaction, usable, ...whose(user, realm, usable) });
      return finished.kind === 'accepted' ? finished : { kind: 'timeout' };
    }
    case 'declined':
    case 'cancelled':
      return { kind: 'declined', status };
    case 'locked':
      return { kind: 'declined', status: 'declined' };
    case 'withdrawn':
    case 'consumed':
    case 'expired':
      return { kind: 'timeout' };
    default:
      return status satisfies never;
  }
}

/** A push token without an owner is asked for by its serial alone. */
const whose = (user: string, realm: string, [token]: readonly PushToken[]) =>
  user === '' && token ? { serial: token.serial } : { user: { user, realm } };

/** Ends what nobody waits for. Where an answer came first, that counts. */
async function giveUp(parts: EngineParts, transaction: Transaction, usable: readonly PushToken[]): Promise<End> {
  const { reply, transaction: now } = await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'wait-timeout' });
  if (reply === 'taken') return { kind: 'timeout' };
  const ended = await endOf(parts, now, usable);
  return ended === 'again' ? { kind: 'timeout' } : ended;
}
