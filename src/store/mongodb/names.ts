import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { NameDocument, Uniqueness } from './collections.ts';
import { isDuplicate } from './faults.ts';

/** A record with names that must be unique. `cleanFrom`: its names may be deleted some time after it. */
export type NameHolder = { id: string; names: readonly string[]; cleanFrom?: Date; exists(id: string): Promise<boolean> };

/**
 * Keeps names unique over all shards, because unique indexes of a sharded collection must begin with its shard key.
 * Does nothing where unique indexes suffice.
 */
export type Names = {
  /** False where unique indexes suffice. */
  readonly areKept: boolean;
  /** Claims the names, then runs `add`; releases them when `add` reports an existing record. */
  hold(holder: NameHolder, add: () => Promise<'added' | 'taken'>): Promise<'added' | 'taken'>;
  /** Assigns names to records regardless of their holders; for records from a store where they were unique. */
  give(holder: Omit<NameHolder, 'exists'>[]): Promise<void>;
  holderOf(name: string): Promise<string | undefined>;
  /** Releases names held by these records. */
  release(names: readonly string[], holders: readonly string[]): Promise<void>;
};

/**
 * After this time (ms), longer than any operation, a name without a record may be claimed again: the gateway died
 * before adding it.
 */
const orphanedMs = 5 * 60_000;

/** Opens the names of a database. */
export function openNames(collection: Collection<NameDocument>, uniqueBy: Uniqueness): Names {
  const claim = async ({ id, names, cleanFrom }: NameHolder): Promise<string | undefined> => {
    const mine = randomUUID();
    const rest = { holder: id, claim: mine, at: new Date(), ...(cleanFrom ? { cleanFrom } : {}) };
    try {
      await collection.insertMany(names.map((name) => ({ _id: name, ...rest })));
      return mine;
    } catch (error) {
      if (!isDuplicate(error)) throw error;
      await giveBack(names, mine);
      return undefined;
    }
  };
  const giveBack = async (names: readonly string[], mine: string): Promise<void> => {
    await collection.deleteMany({ _id: { $in: [...names] }, claim: mine });
  };
  /** Returns whether any name became free. */
  const clearOrphans = async ({ names, exists }: NameHolder): Promise<boolean> => {
    const isOld = { $lt: ['$at', { $subtract: ['$$NOW', orphanedMs] }] };
    const old = await collection.find({ _id: { $in: [...names] }, $expr: isOld }).toArray();
    let cleared = 0;
    for (const { _id, claim: theirs, holder } of old)
      if (!(await exists(holder))) cleared += (await collection.deleteOne({ _id, claim: theirs })).deletedCount;
    return cleared > 0;
  };
  const areKept = uniqueBy === 'names';
  return {
    areKept,
    async hold(holder, add) {
      if (!areKept || holder.names.length === 0) return add();
      const mine = (await claim(holder)) ?? ((await clearOrphans(holder)) ? await claim(holder) : undefined);
      if (mine === undefined) return 'taken';
      const result = await add();
      if (result === 'taken') await giveBack(holder.names, mine);
      return result;
    },
    async give(holders) {
      const given = holders.flatMap(({ id, names, ...rest }) =>
        names.map((_id) => ({ _id, holder: id, claim: id, at: new Date(), ...rest })),
      );
      if (!areKept || given.length === 0) return;
      const writes = given.map((name) => ({ replaceOne: { filter: { _id: name._id }, replacement: name, upsert: true } }));
      await collection.bulkWrite(writes, { ordered: false });
    },
    holderOf: async (name) => (await collection.findOne({ _id: name }))?.holder,
    async release(names, holders) {
      if (areKept) await collection.deleteMany({ _id: { $in: [...names] }, holder: { $in: [...holders] } });
    },
  };
}
