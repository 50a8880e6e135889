import { type Effect, mostClockSkewMs, type Transaction } from '../../foundation/model/index.ts';
import type { TransactionDocument } from './collections.ts';

/** A transaction as read, without fields that only the store uses. */
export type StoredTransaction = Omit<TransactionDocument, 'effects' | 'effectsDue' | 'trail' | 'cleanFrom'>;

/** The projection for the engine: leaves out fields that only the store uses. */
export const asRead = { effects: 0, effectsDue: 0, trail: 0, cleanFrom: 0 } as const;

/** The filter for transactions that this push token's phone can still answer. */
export const openFor = (serial: string, now: number) =>
  ({
    'decision.challenges.serial': serial,
    'decision.challenges': { $elemMatch: { serial, state: { $ne: 'closed' } } },
    'decision.state': 'open',
    'decision.answerUntil': { $gt: now },
    createdAt: { $lte: now + mostClockSkewMs },
  }) as const;

/** The sort order for a limited number of open transactions; results are reversed afterwards. */
export const newestFirst = { createdAt: -1, _id: -1 } as const;

/** The unique name of an auth server's id. */
export const foreignName = (dialect: string, authServer: string, foreignId: string): string =>
  `foreign/${JSON.stringify([dialect, authServer, foreignId])}`;

/** The unique name of a challenge's handle. */
export const handleName = (phone: string, handle: string): string => `handle/${JSON.stringify([phone, handle])}`;

/** All unique names of a transaction, except its own id, which contains its shard. */
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

/** The document of a new transaction. With effects it is not cleaned up at any age. */
export function documentOf({ id, ...rest }: Transaction, effects: readonly Effect[] = [], effectsDue = 0): TransactionDocument {
  const fields = { _id: id, ...rest, effects: [...effects], trail: [] };
  return effects.length > 0 ? { ...fields, effectsDue } : { ...fields, cleanFrom: new Date() };
}

/** Reads a transaction from its document. */
export function transactionOf({ _id, ...rest }: StoredTransaction): Transaction {
  return { id: _id, ...rest };
}
