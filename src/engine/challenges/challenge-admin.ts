import type { Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { EngineParts } from '../parts.ts';

const batch = 500;
const mostBatches = 20;

/** Ends a transaction whoever started it, an accepted one that nobody took yet too. Returns how many challenges it had; 0 if it was over. */
export async function cancelTransaction(parts: EngineParts, id: string): Promise<number> {
  const transaction = await parts.store.findTransaction(id);
  if (!transaction) return 0;
  const { reply } = await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
  return reply === 'taken' ? transaction.decision.challenges.length : 0;
}

/** Deletes transactions that are over, and their delivery trail, before the sweep would; 10000 at most. Returns how many went. */
export async function deleteExpired({ store, clock }: EngineParts): Promise<number> {
  const now = clock();
  let deleted = 0;
  for (let round = 0; round < mostBatches; round += 1) {
    const gone = await store.sweep(now, batch);
    deleted += gone;
    if (gone < batch) break;
  }
  return deleted;
}

/** What is known of a transaction that is not over: withdrawn and taken ones count as over. */
export async function findLive({ store, clock }: EngineParts, id: string): Promise<Transaction | undefined> {
  const transaction = await store.findTransaction(id);
  if (!transaction || clock() >= transaction.decision.finishUntil) return undefined;
  const { state } = transaction.decision;
  return state === 'withdrawn' || state === 'consumed' ? undefined : transaction;
}
