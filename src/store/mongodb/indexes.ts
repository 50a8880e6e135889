import { type Db, type IndexDescriptionInfo, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { Uniqueness } from './collections.ts';

/** Why MongoDB makes no index: there is one like it with other options or another name, or what is stored is not unique. */
const notUnique = 11000;
const conflicts: readonly unknown[] = [67, 85, 86, notUnique];

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
    { name: 'ownerKeys', key: { ownerKeys: 1 } },
    { name: 'lowerSerial', key: { 'lower.serial': 1 } },
    { name: 'type', key: { type: 1 } },
    { name: 'byCreation', key: { createdAt: 1, _id: 1 } },
    { name: 'byUser', key: { 'owner.user': 1, _id: 1 } },
  ],
  transactions: [
    // What nobody answered stays open until it is swept: the time keeps it out of the way of the phone's next question.
    {
      name: 'openUntil',
      key: { 'decision.challenges.serial': 1, 'decision.answerUntil': 1 },
      partialFilterExpression: { 'decision.state': 'open' },
    },
    { name: 'finish', key: { 'decision.finishUntil': 1 } },
    { name: 'effects', key: { effectsDue: 1 }, partialFilterExpression: { effectsDue: { $exists: true } } },
    clean,
  ],
  counters: [{ name: 'end', key: { endsAt: 1 } }, clean],
  stockKeys: [{ name: 'bits', key: { bits: 1 } }],
  audit: [
    { name: 'chain', key: { writer: 1, number: 1 } },
    { name: 'time', key: { at: 1, number: 1, _id: 1 } },
    { name: 'content', key: { kind: 1, at: 1 }, partialFilterExpression: { body: { $exists: true } } },
    { name: 'subject', key: { subject: 1, at: 1 }, partialFilterExpression: { subject: { $exists: true } } },
    { name: 'actor', key: { actor: 1, at: 1 }, partialFilterExpression: { actor: { $exists: true } } },
    { name: 'typed', key: { typed: 1 }, partialFilterExpression: { typed: { $exists: true } } },
    { name: 'serials', key: { serials: 1, at: 1 }, partialFilterExpression: { serials: { $exists: true } } },
    { name: 'transaction', key: { transaction: 1 }, partialFilterExpression: { transaction: { $exists: true } } },
  ],
  auditNotes: [{ name: 'due', key: { due: 1 } }],
  personKeys: [{ name: 'keyId', key: { id: 1 } }],
  knownClients: [{ name: 'end', key: { endsAt: 1 } }, clean],
  devices: [{ name: 'dead', key: { owner: 1, deadSince: 1, _id: 1 }, partialFilterExpression: { deadSince: { $exists: true } } }],
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
      // One that somebody made under a name of theirs serves as well; MongoDB would refuse the same again under ours.
      return !there && !found.some((other) => isAs(other, index));
    });
    const unknown = found.find((other) => other.unique === true && !wanted.some((index) => isAs(other, index)));
    if (unknown) throw notOurs(name, String(unknown.name));
    for (const index of missing) await make(db, name, index);
  });
  await Promise.all(each);
}

async function make(db: Db, collection: string, index: WantedIndex): Promise<void> {
  try {
    await db.collection(collection).createIndexes([index]);
  } catch (error) {
    throw error instanceof MongoServerError && conflicts.includes(error.code) ? inTheWay(collection, index, error.code) : error;
  }
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

const inTheWay = (collection: string, { name }: WantedIndex, code: unknown): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    code === notUnique
      ? `The index ${name} of the collection ${collection} cannot be made: what is stored there is not unique.`
      : `The index ${name} of the collection ${collection} cannot be made beside one on the same fields that is not ours. Drop that one.`,
  );

/** It would refuse what is new to us, and we would take that for something that is there already. */
const notOurs = (collection: string, index: string): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The unique index ${index} of the collection ${collection} is not ours, and would refuse what we store. Drop it.`,
  );
