import type { Filter, UpdateFilter } from 'mongodb';
import {
  type AccountChange,
  type AdminAccount,
  type KnownClient,
  type KnownPerson,
  mostPersonsKept,
  type PartitionKey,
  type StockKey,
} from '../../foundation/model/index.ts';
import { afterAllFrom, type OtherStore, probeKey } from '../store.ts';
import type { AccountDocument, KnownClientDocument, PartitionKeyDocument, StockKeyDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import type { Session } from './session.ts';

/** Counters, known clients, the key stock, shared keys, and accounts. */
export function otherStore({ run, audited, collections }: Session): OtherStore {
  const { counters, knownClients, stockKeys, partitionKeys, accounts } = collections;
  return {
    countUp: (key, now, endsAt) =>
      run('countUp', async () => {
        const options = { upsert: true, returnDocument: 'after', projection: { count: 1, endsAt: 1 } } as const;
        const counted = await counters.findOneAndUpdate({ _id: key }, countingUp(now, endsAt), options);
        return { count: counted?.count ?? 1, endsAt: counted?.endsAt ?? endsAt };
      }),
    countOf: (key, now) =>
      run('countOf', async () => {
        const found = await counters.findOne({ _id: key }, { projection: { count: 1, endsAt: 1 } });
        return found && found.endsAt > now ? found.count : 0;
      }),
    countersFrom: (beginning, now, limit) =>
      run('countersFrom', async () => {
        const found = counters.find({ _id: { $gte: beginning, $lt: afterAllFrom(beginning) }, endsAt: { $gt: now } });
        return (await found.sort({ _id: 1 }).limit(limit).toArray()).map(({ _id, count, endsAt }) => ({ key: _id, count, endsAt }));
      }),
    endCounters: (beginning) =>
      run('endCounters', async () => {
        await counters.deleteMany({ _id: { $gte: beginning, $lt: afterAllFrom(beginning) } });
      }),
    // One write per key: on a sharded cluster, the driver does not resend a write of many keys after a lost reply.
    uncount: (keys, how) =>
      run('uncount', async () => {
        const one = (key: string) =>
          how === 'all' ? counters.deleteOne({ _id: key }) : counters.updateOne({ _id: key, count: { $gt: 0 } }, { $inc: { count: -1 } });
        await Promise.all(keys.map(one));
      }),
    rememberPerson: (client, added, now) =>
      run('rememberPerson', async () => {
        await knownClients.updateOne({ _id: client }, remembering(added, now), { upsert: true });
      }),
    personsOf: (client, now) =>
      run('personsOf', async () => {
        const found = await knownClients.findOne({ _id: client }, { projection: { persons: 1 } });
        return found?.persons.filter(({ until }) => until > now) ?? [];
      }),
    probe: (prober, endsAt) =>
      run('probe', async () => {
        const options = { upsert: true, returnDocument: 'after', projection: { cleanFrom: 1 } } as const;
        const record = [{ $set: { count: 1, endsAt, cleanFrom: '$$NOW' } }];
        const written = await counters.findOneAndUpdate({ _id: probeKey(prober) }, record, options);
        return written ? { now: written.cleanFrom.getTime() } : {};
      }),
    addStockKey: ({ id, ...key }) =>
      run('addStockKey', async () => {
        await stockKeys.insertOne({ _id: id, ...key });
      }),
    takeStockKey: (bits) =>
      run('takeStockKey', async () => {
        const taken = await stockKeys.findOneAndDelete({ bits });
        return taken ? stockKeyOf(taken) : undefined;
      }),
    countStockKeys: (bits) => run('countStockKeys', () => stockKeys.countDocuments({ bits })),
    addPartitionKey: ({ id, ...key }) => run('addPartitionKey', () => insertOnce(() => partitionKeys.insertOne({ _id: id, ...key }))),
    findPartitionKey: (id) =>
      run('findPartitionKey', async () => {
        const found = await partitionKeys.findOne({ _id: id });
        return found ? partitionKeyOf(found) : undefined;
      }),
    addAccount: ({ name, ...account }, note) =>
      run('addAccount', () =>
        insertOnce(() => audited.write(note, (options) => accounts.insertOne({ _id: name, ...account }, options), Boolean)),
      ),
    putAccount: ({ name, ...account }, note) =>
      run('putAccount', async () => {
        await audited.write(note, (options) => accounts.replaceOne({ _id: name }, account, { ...options, upsert: true }), Boolean);
      }),
    changeAccount: (name, change, note) =>
      run('changeAccount', async () => {
        const { matchedCount } = await audited.write(
          note,
          (options) => accounts.updateOne(accountFor(name, change), changeOf(change), options),
          (changed) => changed.matchedCount === 1,
        );
        return matchedCount === 1;
      }),
    removeAccount: (name, note) =>
      run('removeAccount', async () => {
        const { deletedCount } = await audited.write(
          note,
          (options) => accounts.deleteOne({ _id: name }, options),
          (removed) => removed.deletedCount === 1,
        );
        return deletedCount === 1;
      }),
    findAccount: (name) =>
      run('findAccount', async () => {
        const found = await accounts.findOne({ _id: name });
        return found ? accountOf(found) : undefined;
      }),
    listAccounts: () => run('listAccounts', async () => (await accounts.find().sort({ _id: 1 }).toArray()).map(accountOf)),
  };
}

const accountFor = (name: string, change: AccountChange): Filter<AccountDocument> =>
  'insteadOf' in change && change.insteadOf !== undefined ? { _id: name, passwordHash: change.insteadOf } : { _id: name };

function changeOf({ seal, ...change }: AccountChange): UpdateFilter<AccountDocument> {
  const sealed = seal === undefined ? {} : { seal };
  if ('passwordHash' in change) return { $set: { ...sealed, passwordHash: change.passwordHash } };
  if (change.disabled) return { $set: { ...sealed, disabled: true } };
  return { ...(seal === undefined ? {} : { $set: sealed }), $unset: { disabled: '' } };
}

async function insertOnce(insert: () => Promise<unknown>): Promise<'added' | 'taken'> {
  try {
    await insert();
    return 'added';
  } catch (error) {
    if (isDuplicate(error)) return 'taken';
    throw error;
  }
}

/** Restarts a window that ended or is missing (a missing field compares below every number). */
function countingUp(now: number, endsAt: number) {
  const isOver = { $lte: ['$endsAt', now] };
  return [
    {
      $set: {
        count: { $cond: [isOver, 1, { $add: ['$count', 1] }] },
        endsAt: { $cond: [isOver, endsAt, '$endsAt'] },
        cleanFrom: '$$NOW',
      },
    },
  ];
}

/** The same as `withPerson`, as an update pipeline. */
function remembering(added: KnownPerson, now: number) {
  const isOther = { $and: [{ $ne: ['$$this.person', { $literal: added.person }] }, { $gt: ['$$this.until', now] }] };
  const others = { $filter: { input: { $ifNull: ['$persons', []] }, cond: isOther } };
  const persons = { $slice: [{ $concatArrays: [[{ $literal: added }], others] }, mostPersonsKept] };
  return [{ $set: { persons, endsAt: { $max: ['$endsAt', added.until] }, cleanFrom: '$$NOW' } }];
}

/** Reads a known client from its document. */
export const knownClientOf = ({ _id, persons, endsAt }: KnownClientDocument): KnownClient => ({ client: _id, persons, endsAt });

/** Reads a stock key from its document. */
export const stockKeyOf = ({ _id, ...key }: StockKeyDocument): StockKey => ({ id: _id, ...key });

/** Reads a shared key from its document. */
export const partitionKeyOf = ({ _id, ...key }: PartitionKeyDocument): PartitionKey => ({ id: _id, ...key });

/** Reads an account from its document. */
export const accountOf = ({ _id, ...account }: AccountDocument): AdminAccount => ({ name: _id, ...account });
