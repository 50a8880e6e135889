import { type Db, type IndexDescriptionInfo, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { Uniqueness } from './collections.ts';

/** Codes for a refused index: a similar one has other options or another name, or the stored values are not unique. */
const notUnique = 11000;
const conflicts: readonly unknown[] = [67, 85, 86, notUnique];

/** A wanted index; absent fields must be absent. */
export type WantedIndex = {
  name: string;
  key: Record<string, 1 | -1>;
  unique?: true;
  partialFilterExpression?: Record<string, unknown>;
  expireAfterSeconds?: number;
};

/** Long after the regular sweep. Readers decide about expiry; this index only cleans up. */
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
    // Unanswered challenges stay open until the sweep; the time keeps them out of later queries.
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
  keptRequests: [{ name: 'end', key: { endsAt: 1 } }, clean],
  outbox: [
    { name: 'due', key: { target: 1, state: 1, claimableAt: 1 } },
    { name: 'order', key: { target: 1, order: 1, position: 1, _id: 1 } },
    { name: 'dead', key: { state: 1, endsAt: 1 } },
  ],
  identityPins: [{ name: 'realm', key: { realm: 1, _id: 1 } }],
  publishedEvents: [{ name: 'number', key: { authServer: 1, number: 1 } }, { name: 'end', key: { endsAt: 1 } }, clean],
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

/** Every index of every collection, besides `_id`, which makes serials, ids, names and keys unique. */
export function wantedIndexes(uniqueBy: Uniqueness): Map<string, WantedIndex[]> {
  const all = new Map<string, WantedIndex[]>();
  for (const [collection, indexes] of [...Object.entries(always), ...Object.entries(uniqueBy === 'indexes' ? uniqueWithout : shardedWith)])
    all.set(collection, [...(all.get(collection) ?? []), ...indexes]);
  return all;
}

/** Creates missing indexes. Throws `config-invalid` when an index of ours has another definition. */
export async function ensureIndexes(db: Db, uniqueBy: Uniqueness): Promise<void> {
  const each = [...wantedIndexes(uniqueBy)].map(async ([name, wanted]) => {
    const found = await db.collection(name).indexes();
    const missing = wanted.filter((index) => {
      const there = found.find((other) => other.name === index.name);
      if (there && !isAs(there, index)) throw wrong(name, index);
      // An equivalent index under another name serves as well; MongoDB would refuse a second one.
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
    throw error instanceof MongoServerError && conflicts.includes(error.code) ? indexConflict(collection, index, error.code) : error;
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
    `The index ${name} of the collection ${collection} does not have the definition that this version needs. Drop it; the next start creates it again.`,
  );

const indexConflict = (collection: string, { name }: WantedIndex, code: unknown): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    code === notUnique
      ? `The index ${name} of the collection ${collection} cannot be created: the stored values are not unique.`
      : `The index ${name} of the collection ${collection} cannot be created, because another index on the same fields is not ours. Drop that one.`,
  );

/** A foreign unique index could refuse our writes, and we would mistake that for an existing record. */
const notOurs = (collection: string, index: string): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The unique index ${index} of the collection ${collection} is not ours, and would refuse what we store. Drop it.`,
  );
