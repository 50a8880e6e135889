import type { Transaction } from '../../foundation/model/index.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';
import { type DecisionWait, isOutage, untilDecided } from './until-decided.ts';

/** A caller that waits until the status of a transaction differs from the one it knows. */
export type StatusWatch = Omit<DecisionWait, 'kind'> & { known: Status };

/** {@link Challenges.watchStatus}. */
export const watchStatus = (parts: EngineParts, { known, ...wait }: StatusWatch): Promise<void> =>
  untilDecided(parts, { ...wait, kind: 'long_poll' }, async (over) => {
    if (over) return undefined;
    const transaction = await parts.store.findTransaction(wait.id);
    return transaction && statusOf(transaction, parts.clock()) === known ? 'again' : undefined;
  });

/**
 * How far a transaction is. `position` rises with every change: it is the version of the decision, and one more once it
 * has expired. `isSettled`: no phone can answer any more.
 */
export type Progress = { position: number; isSettled: boolean };

/** {@link Challenges.progressOf}. */
export function progressOf(transaction: Transaction, now: number): Progress {
  const status = statusOf(transaction, now);
  const { version } = transaction.decision;
  return { position: status === 'expired' ? version + 1 : version, isSettled: status !== 'pending' && status !== 'code-shown' };
}

/**
 * A caller that wants every change of a transaction beyond the position that it knows. It holds names only, because many
 * may follow at once. `tell` gets each state, the settled one last. `end` is called when nothing more comes: after that
 * one, when the transaction is gone, and after a defect.
 */
export type Following = {
  id: string;
  known: number;
  tell: (transaction: Transaction, position: number) => void;
  end: (how: { isSettled: boolean }) => void;
};

const retryMs = 1000;

/** {@link Challenges.follow}. */
export function follow(parts: EngineParts, { id, known, tell, end }: Following): () => void {
  const { store, metrics, background } = parts;
  let told = known;
  let isOver = false;
  let state: 'idle' | 'looking' | 'look-again' = 'idle';
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    stopListening();
    clearTimeout(timer);
    metrics.waiters.dec({ kind: 'sse' });
  };
  const finish = (isSettled: boolean): void => {
    if (!isOver) end({ isSettled });
    stop();
  };
  /** Tells the present state if it is new. Returns when to look again (ms). */
  const look = async (): Promise<number> => {
    const transaction = await store.findTransaction(id);
    const now = parts.clock();
    const { position, isSettled } = transaction ? progressOf(transaction, now) : { position: told, isSettled: false };
    if (isOver) return 0;
    if (transaction && position > told) tell(transaction, position);
    told = Math.max(told, position);
    if (!transaction || isSettled) finish(isSettled);
    return transaction ? Math.max(1, nextChange(transaction, now) - now) : 0;
  };
  const ring = (): void => {
    if (state === 'idle') void background.run('follow a challenge', lookOn);
    else state = 'look-again';
  };
  const lookOn = async (): Promise<void> => {
    let nextMs = retryMs;
    clearTimeout(timer);
    try {
      do {
        state = 'looking';
        nextMs = await look();
      } while (hasRung() && !isOver);
    } catch (error) {
      if (!isOutage(error)) {
        finish(false);
        throw error;
      }
    }
    state = 'idle';
    if (!isOver) timer = setTimeout(ring, nextMs);
  };
  const hasRung = (): boolean => state === 'look-again';
  // Listens before it looks, so that no answer is missed.
  const stopListening = store.onDecided(id, ring);
  metrics.waiters.inc({ kind: 'sse' });
  ring();
  return stop;
}

/** When a pending transaction expires if nothing else happens (epoch ms). A code can be typed until `finishUntil`. */
function nextChange(transaction: Transaction, now: number): number {
  const { answerUntil, finishUntil } = transaction.decision;
  return now < answerUntil ? answerUntil : finishUntil;
}
