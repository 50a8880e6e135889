import type { Actor, Transaction } from '../../foundation/model/index.ts';
import type { TransactionFilter } from '../../store/store.ts';
import { applyEvent } from '../decisions/apply.ts';
import { isOver } from '../decisions/decide.ts';
import { type Status, statusOf } from '../decisions/status.ts';
import type { EngineParts } from '../parts.ts';

/**
 * The filter of a transaction list; absent fields do not filter. `since` is epoch ms. `user` matches in any case, as
 * typed or as the source spells it.
 */
export type TransactionQuery = Omit<TransactionFilter, 'fits'> & { status?: Status | undefined; limit: number };

/** {@link Challenges.list}. */
export function listTransactions({ store, clock }: EngineParts, { status, limit, ...asked }: TransactionQuery): Promise<Transaction[]> {
  const now = clock();
  return store.listTransactions({ ...asked, fits: (each) => status === undefined || statusOf(each, now) === status }, limit);
}

const batch = 500;
const maxBatches = 20;

/** {@link Challenges.cancel}. */
export async function cancelTransaction(parts: EngineParts, by: Actor, id: string): Promise<number> {
  const transaction = await parts.store.findTransaction(id);
  if (!transaction) return 0;
  const { user, realm, decision } = transaction;
  const serials = decision.challenges.map(({ serial }) => serial);
  const act = { kind: 'challenge-cancelled', transaction: id, serials, by, user, realm } as const;
  const { reply } = await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' }, act);
  return reply === 'taken' ? serials.length : 0;
}

/** {@link Challenges.deleteExpired}. */
export async function deleteExpired({ store, clock, tell }: EngineParts, by: Actor): Promise<number> {
  const now = clock();
  let deleted = 0;
  for (let round = 0; round < maxBatches; round += 1) {
    const gone = await store.sweep(now, batch);
    deleted += gone;
    if (gone < batch) break;
  }
  if (deleted > 0) tell({ kind: 'expired-deleted', count: deleted, by });
  return deleted;
}

/** {@link Challenges.findLive}. */
export async function findLive({ store, clock }: EngineParts, id: string): Promise<Transaction | undefined> {
  const transaction = await store.findTransaction(id);
  if (!transaction || isOver(transaction, clock())) return undefined;
  const { state } = transaction.decision;
  return state === 'withdrawn' || state === 'consumed' ? undefined : transaction;
}
