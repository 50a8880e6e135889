import { mostClockSkewMs, type Transaction } from '../../foundation/model/index.ts';
import type { TransactionDocument } from './collections.ts';

/** A transaction as it is read: without what only the store looks after. */
export type StoredTransaction = Omit<TransactionDocument, 'effects' | 'effectsDue' | 'trail' | 'cleanFrom'>;

/** What the engine reads of a transaction: all but what only the store looks after. */
export const asRead = { effects: 0, effectsDue: 0, trail: 0, cleanFrom: 0 } as const;

/** Transactions that the phone of this push token can still answer, and their order. */
export const openFor = (serial: string, now: number) =>
  ({
    'decision.challenges.serial': serial,
    'decision.challenges': { $elemMatch: { serial, state: { $ne: 'closed' } } },
    'decision.state': 'open',
    'decision.answerUntil': { $gt: now },
    createdAt: { $lte: now + mostClockSkewMs },
  }) as const;

/** The order in which open transactions are looked for, where only so many are wanted; they are told the other way round. */
export const newestFirst = { createdAt: -1, _id: -1 } as const;

/** The name of an id that an auth server brought along. */
export const foreignName = (dialect: string, authServer: string, foreignId: string): string =>
  `foreign/${JSON.stringify([dialect, authServer, foreignId])}`;

/** The name of a challenge as its phone calls it. */
export const handleName = (phone: string, handle: string): string => `handle/${JSON.stringify([phone, handle])}`;

/** Everything that this transaction must be the only one with, its own id apart: that carries its shard. */
export function namesOf({
  dialect,
  authServer,
  foreignId,
  decision,
}: Pick<Transaction, 'dialect' | 'authServer' | 'foreignId' | 'decision'>) {
  return [
    ...(foreignId === undefined ? [] : [foreignName(dialect, authServer, foreignId)]),
    ...decision.challenges.map(({ phone, handle }) => handleName(phone, handle)),
  ];
}

/** The document of a new transaction. */
export function documentOf({ id, ...rest }: Transaction): TransactionDocument {
  return { _id: id, ...rest, effects: [], trail: [], cleanFrom: new Date() };
}

/** The transaction of a document. */
export function transactionOf({ _id, ...rest }: StoredTransaction): Transaction {
  return { id: _id, ...rest };
}
