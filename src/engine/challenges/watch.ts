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
