import { GatewayFault, type PushToken, type Transaction } from '../foundation/model/index.ts';
import { applyEvent } from './apply.ts';
import { finish } from './finish.ts';
import type { EngineParts } from './parts.ts';
import { type Status, statusOf } from './status.ts';

/** A login whose auth server waits for the phone's answer. `usable`: the push tokens that may finish it; `givenUp` fires when nobody waits any more. */
export type WaitRequest = { transaction: Transaction; usable: readonly PushToken[]; waitMs: number; givenUp: AbortSignal };

/** How waiting ended: accepted (and taken, once), declined, or nothing in time; then nothing can be answered any more. */
export type Waited = { kind: 'accepted'; serial: string } | { kind: 'declined'; status: 'declined' | 'cancelled' } | { kind: 'timeout' };

const retryMs = 200;

/**
 * Waits until a phone has answered or the time is over. It costs a timer and a place in the store's list of listeners; whoever gave the answer,
 * and at which gateway, it is heard of at once.
 */
export async function waitForAnswer(parts: EngineParts, { transaction, usable, waitMs, givenUp }: WaitRequest): Promise<Waited> {
  const over = AbortSignal.any([AbortSignal.timeout(Math.max(1, waitMs)), givenUp]);
  const bell = openBell(over);
  // Listens first and looks then, so that no answer falls between.
  const stop = parts.store.onDecided(transaction.id, bell.ring);
  parts.metrics.waiters.inc({ kind: 'push_wait' });
  try {
    for (;;) {
      const ended = await look(parts, transaction, usable);
      if (ended !== 'again' && ended !== 'unreachable') return ended;
      if (over.aborted) return await giveUp(parts, transaction, usable);
      await bell.rung(ended === 'unreachable' ? retryMs : undefined);
    }
  } finally {
    stop();
    parts.metrics.waiters.dec({ kind: 'push_wait' });
  }
}

/** What the transaction says now; `unreachable`: the store could not be asked, which is no end of the wait. */
async function look(parts: EngineParts, { id }: Transaction, usable: readonly PushToken[]): Promise<Waited | 'again' | 'unreachable'> {
  try {
    const transaction = await parts.store.findTransaction(id);
    return transaction ? await endOf(parts, transaction, usable) : { kind: 'timeout' };
  } catch (error) {
    if (error instanceof GatewayFault && error.code === 'store-unavailable') return 'unreachable';
    throw error;
  }
}

async function endOf(parts: EngineParts, transaction: Transaction, usable: readonly PushToken[]): Promise<Waited | 'again'> {
  const status: Status = statusOf(transaction.decision, parts.clock());
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
async function giveUp(parts: EngineParts, transaction: Transaction, usable: readonly PushToken[]): Promise<Waited> {
  const { reply, transaction: now } = await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'wait-timeout' });
  if (reply === 'taken') return { kind: 'timeout' };
  const ended = await endOf(parts, now, usable);
  return ended === 'again' ? { kind: 'timeout' } : ended;
}

/** Something to wait for that may have happened already. */
function openBell(over: AbortSignal) {
  let hasRung = false;
  let wake = (): void => undefined;
  const ring = (): void => {
    hasRung = true;
    wake();
  };
  over.addEventListener('abort', ring, { once: true });
  return {
    ring,
    /** Resolves at the next ring, or at one that nobody has waited for yet, or after `limitMs`. */
    async rung(limitMs: number | undefined): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (hasRung) resolve();
        if (limitMs !== undefined) timer = setTimeout(resolve, limitMs);
      });
      clearTimeout(timer);
      hasRung = over.aborted;
    },
  };
}
