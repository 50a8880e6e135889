import type { Db, IndexDescriptionInfo } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { Uniqueness } from './collections.ts';

/** An index as we want it; what is absent must be absent. */
export type WantedIndex = {
  name: string;
  key: Record<string, 1 | -1>;
  unique?: true;
  partialFilterExpression?: Record<string, unknown>;
  expireAfterSeconds?: number;
};

/** Long after the sweep should have come by: what expires is decided by who reads, and this only cleans. */
const cleanAfterSeconds = 30 * 24 * 60 * 60;
const clean: WantedIndex = { name: 'clean', key: { cleanFrom: 1 }, expireAfterSeconds: cleanAfterSeconds };

const always: Record<string, readonly WantedIndex[]> = {
  tokens: [
    { name: 'owner', key: { 'lower.user': 1, 'lower.realm': 1 } },
    { name: 'lowerSerial', key: { 'lower.serial': 1 } },
    { name: 'type', key: { type: 1 } },
    { name: 'byCreation', key: { createdAt: 1, _id: 1 } },
    { name: 'byUser', key: { 'owner.user': 1, _id: 1 } },
  ],
  transactions: [
    { name: 'open', key: { 'decision.challenges.serial': 1 }, partialFilterExpression: { 'decision.state': 'open' } },
    { name: 'finish', key: { 'decision.finishUntil': 1 } },
    { name: 'effects', key: { effectsDue: 1 }, partialFilterExpression: { effectsDue: { $exists: true } } },
    clean,
  ],
  counters: [{ name: 'end', key: { endsAt: 1 } }, clean],
  stockKeys: [{ name: 'bits', key: { bits: 1 } }],
};

const uniqueWithout: Record<string, readonly WantedIndex[]> = {
  transactions: [
    { name: 'handle', key: { 'decision.challenges.phone': 1, 'decision.challenges.handle': 1 }, unique: true },
    {
      name: 'foreign',
      key: { dialect: 1, authServer: 1, foreignId: 1 },
      unique: true,
      partialFilterExpression: { foreignId: { $exists: true } },
    },
  ],
};

const shardKey: WantedIndex = { name: 'shard', key: { bucket: 1, _id: 1 } };
const shardedWith: Record<string, readonly WantedIndex[]> = { tokens: [shardKey], transactions: [shardKey], names: [clean] };

/** Every index of every collection, beside the one on `_id` that makes serials, ids, names and keys unique. */
export function wantedIndexes(uniqueBy: Uniqueness): Map<string, WantedIndex[]> {
  const all = new Map<string, WantedIndex[]>();
  for (const [collection, indexes] of [...Object.entries(always), ...Object.entries(uniqueBy === 'indexes' ? uniqueWithout : shardedWith)])
    all.set(collection, [...(all.get(collection) ?? []), ...indexes]);
  return all;
}

/** Makes the indexes that are missing. Throws `config-invalid` where one of ours is there and is not what it must be. */
export async function ensureIndexes(db: Db, uniqueBy: Uniqueness): Promise<void> {
  const each = [...wantedIndexes(uniqueBy)].map(async ([name, wanted]) => {
    const found = await db.collection(name).indexes();
    const missing = wanted.filter((index) => {
      const there = found.find((other) => other.name === index.name);
      if (there && !isAs(there, index)) throw wrong(name, index);
      return !there;
    });
    if (missing.length > 0) await db.collection(name).createIndexes(missing);
  });
  await Promise.all(each);
}

function isAs(found: IndexDescriptionInfo, wanted: WantedIndex): boolean {
  const shape = ({ key, unique, partialFilterExpression, expireAfterSeconds }: Partial<IndexDescriptionInfo> | WantedIndex): string =>
    JSON.stringify([Object.entries(key ?? {}), unique === true, partialFilterExpression ?? null, expireAfterSeconds ?? null]);
  return shape(found) === shape(wanted);
}

const wrong = (collection: string, { name }: WantedIndex): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The index ${name} of the collection ${collection} is not what this version needs. Drop it; the next start makes it anew.`,
  );
