import type { Collection, UpdateFilter } from 'mongodb';
import type { Transaction } from '../../foundation/model/index.ts';
import type { Store, TransactionFilter } from '../store.ts';
import type { TransactionDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { forPeople, transactionConditions } from './listing.ts';
import type { Session } from './session.ts';
import {
  asRead,
  documentOf,
  foreignName,
  handleName,
  namesOf,
  newestFirst,
  openFor,
  type StoredTransaction,
  transactionOf,
} from './transaction-documents.ts';

type TransactionStore = Pick<
  Store,
  | 'addTransaction'
  | 'findTransaction'
  | 'findByForeignId'
  | 'findByHandle'
  | 'openTransactionsOf'
  | 'listTransactions'
  | 'countOpenTransactions'
  | 'decide'
  | 'appendTrail'
  | 'trailOf'
>;

/** Transactions with effects are not cleaned up at any age. */
const unclean = { cleanFrom: '' } as const;

/**
 * Transactions: one document each. A decision is one update of a part of it, audited with its effects, guarded by its
 * version.
 */
export function transactionStore({ run, names, locations, writeBehind, collections: { transactions } }: Session): TransactionStore {
  const findOne = async (filter: object): Promise<Transaction | undefined> => {
    const found = await transactions.findOne<StoredTransaction>(filter, { projection: asRead });
    return found ? transactionOf(found) : undefined;
  };
  /** Finds a transaction by a unique name, or by the fields of the name. */
  const findNamed = async (name: string, filter: object): Promise<Transaction | undefined> => {
    if (!names.areKept) return findOne(filter);
    const id = await names.holderOf(name);
    return id === undefined ? undefined : findOne(locations.transaction(id));
  };
  const insert = async (document: TransactionDocument): Promise<'added' | 'taken'> => {
    try {
      await transactions.insertOne(document);
      return 'added';
    } catch (error) {
      if (isDuplicate(error)) return 'taken';
      throw error;
    }
  };
  const exists = async (id: string): Promise<boolean> => (await transactions.countDocuments(locations.transaction(id), { limit: 1 })) > 0;
  return {
    addTransaction: (transaction, effects = [], effectsDue = 0) =>
      run('addTransaction', () =>
        names.hold({ id: transaction.id, names: namesOf(transaction), cleanFrom: new Date(), exists }, () =>
          insert(documentOf(transaction, effects, effectsDue)),
        ),
      ),
    findTransaction: (id) => run('findTransaction', () => findOne(locations.transaction(id))),
    findByForeignId: (dialect, authServer, foreignId) =>
      run('findByForeignId', () => findNamed(foreignName(dialect, authServer, foreignId), { dialect, authServer, foreignId })),
    findByHandle: (phone, handle) =>
      run('findByHandle', () => findNamed(handleName(phone, handle), { 'decision.challenges': { $elemMatch: { phone, handle } } })),
    openTransactionsOf: (serial, now, most = 0) =>
      run('openTransactionsOf', async () => {
        const isOpen = { ...openFor(serial, now), ...locations.besides(serial) };
        const found = transactions.find<StoredTransaction>(isOpen, { projection: asRead });
        return (await found.sort(newestFirst).limit(most).toArray()).map(transactionOf).reverse();
      }),
    listTransactions: (filter, limit) => run('listTransactions', () => listTransactions(transactions, filter, limit)),
    countOpenTransactions: (now) =>
      run('countOpenTransactions', () =>
        transactions.countDocuments({ 'decision.state': 'open', 'decision.answerUntil': { $gt: now }, ...notOver(now) }, forPeople),
      ),
    decide: (id, expectedVersion, next, effects, effectsDue, trail = []) =>
      run('decide', async () => {
        const isExpected = { ...locations.transaction(id), 'decision.version': expectedVersion };
        const hasEffects = effects.length > 0;
        const pushed = {
          ...(hasEffects && { effects: { $each: [...effects] } }),
          ...(trail.length > 0 && { trail: { $each: [...trail] } }),
        };
        const change: UpdateFilter<TransactionDocument> = {
          $set: { decision: next, ...(hasEffects && { effectsDue }) },
          ...(Object.keys(pushed).length > 0 && { $push: pushed }),
          ...(hasEffects && { $unset: unclean }),
        };
        return (await transactions.findOneAndUpdate(isExpected, change, { projection: { _id: 1 } })) ? 'decided' : 'conflict';
      }),
    appendTrail: (id, entries) =>
      run('appendTrail', () =>
        writeBehind.transactions.update({ filter: locations.transaction(id), update: { $push: { trail: { $each: [...entries] } } } }),
      ),
    trailOf: (id) =>
      run('trailOf', async () => {
        const found = await transactions.findOne(locations.transaction(id), {
          projection: { trail: 1 },
          readPreference: 'primaryPreferred',
        });
        return found?.trail ?? [];
      }),
  };
}

/** A transaction that can be answered can also be finished, and an index serves the finish. */
const notOver = (now: number) => ({ 'decision.finishUntil': { $gt: now } });

const mostLookedAt = 20_000;
const slice = 500;

/**
 * Sorts only ids and times, then reads whole documents until enough match: sorting documents would need their size in
 * memory.
 */
async function listTransactions(
  transactions: Collection<TransactionDocument>,
  filter: TransactionFilter,
  limit: number,
): Promise<Transaction[]> {
  const sorted = [
    { $match: transactionConditions(filter) },
    { $project: { createdAt: 1 } },
    { $sort: newestFirst },
    { $limit: mostLookedAt },
  ];
  const places = await transactions.aggregate<Pick<TransactionDocument, '_id'>>(sorted, forPeople).toArray();
  const found: Transaction[] = [];
  for (let at = 0; at < places.length && found.length < limit; at += slice) {
    const ids = places.slice(at, at + slice).map(({ _id }) => _id);
    const some = transactions.find<StoredTransaction>({ _id: { $in: ids } }, { projection: asRead, ...forPeople }).sort(newestFirst);
    found.push(...(await some.toArray()).map(transactionOf).filter(filter.fits));
  }
  return found.slice(0, limit);
}
