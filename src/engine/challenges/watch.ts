import type { Transaction } from '../../foundation/model/index.ts';
import { lookOut } from '../decisions/lookout.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';
import { type DecisionWait, untilDecided } from './until-decided.ts';

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
  const { version, state } = transaction.decision;
  const isExpired = status === 'expired';
  return { position: isExpired ? version + 1 : version, isSettled: isExpired || state !== 'open' };
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

/** {@link Challenges.follow}. */
export function follow(parts: EngineParts, { id, known, tell, end }: Following): () => void {
  const { store, metrics } = parts;
  let told = known;
  const stop = lookOut(parts, {
    what: 'follow a challenge',
    listen: (ring) => store.onDecided(id, ring),
    failed: () => end({ isSettled: false }),
    async look(isOver) {
      const transaction = await store.findTransaction(id);
      if (isOver()) return 'over';
      if (!transaction) {
        end({ isSettled: false });
        return 'over';
      }
      const now = parts.clock();
      const { position, isSettled } = progressOf(transaction, now);
      if (position > told) tell(transaction, position);
      told = Math.max(told, position);
      if (!isSettled) return Math.max(1, nextChange(transaction, now) - now);
      end({ isSettled });
      return 'over';
    },
  });
  metrics.waiters.inc({ kind: 'sse' });
  return () => {
    stop();
    metrics.waiters.dec({ kind: 'sse' });
  };
}

/** When a pending transaction expires if nothing else happens (epoch ms). A code can be typed until `finishUntil`. */
function nextChange(transaction: Transaction, now: number): number {
  const { answerUntil, finishUntil } = transaction.decision;
  return now < answerUntil ? answerUntil : finishUntil;
}
