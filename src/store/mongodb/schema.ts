import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Db, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { collectionsOf, type SchemaDocument, type Uniqueness } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { ensureIndexes } from './indexes.ts';
import { followingOwner } from './token-documents.ts';
import { validators } from './validators.ts';

/** Makes schema n + 1 out of schema n. It may be cut off and run again, so it must not mind what is done already. */
export type Migration = (db: Db) => Promise<void>;

const namespaceExists = 48;

/** Forward migrations: entry n makes schema n + 1 out of schema n. */
export const migrations: readonly Migration[] = [
  async (db) => {
    await Promise.all(Object.entries(validators).map(([name, schema]) => hold(db, name, { $jsonSchema: schema })));
  },
  (db) => hold(db, 'partitionKeys', { $jsonSchema: validators.partitionKeys }),
  (db) => hold(db, 'devices', { $jsonSchema: validators.devices }),
  keyOwners,
  (db) => hold(db, 'accounts', { $jsonSchema: validators.accounts }),
  async (db) => {
    for (const name of ['audit', 'auditNotes', 'auditWriters', 'personKeys']) await hold(db, name, { $jsonSchema: validators[name] });
  },
  (db) => hold(db, 'accounts', { $jsonSchema: validators.accounts }),
  (db) => hold(db, 'knownClients', { $jsonSchema: validators.knownClients }),
];

const keyedAtOnce = 500;

/**
 * Notes what each push token is found by, and the name that lists are searched for. No push token changes its owner. Done at every start, since
 * a gateway of an older version that still runs knows no keys; the index finds the few that have none.
 */
async function keyOwners(db: Db): Promise<void> {
  const { tokens } = collectionsOf(db);
  const unkeyed = { ownerKeys: { $exists: false }, owner: { $exists: true } } as const;
  for (;;) {
    const found = await tokens.find(unkeyed, { projection: { bucket: 1, owner: 1 }, limit: keyedAtOnce }).toArray();
    const writes = found.flatMap(({ _id, bucket, owner }) =>
      owner ? [{ updateOne: { filter: { _id, bucket, owner }, update: { $set: followingOwner(owner) } } }] : [],
    );
    if (writes.length === 0) return;
    await tokens.bulkWrite(writes, { ordered: false });
  }
}

/** Makes a collection that holds its documents to this validator, or gives it to one that is there. */
async function hold(db: Db, name: string, validator: object): Promise<void> {
  try {
    await db.createCollection(name, { validator });
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === namespaceExists)) throw error;
    await db.command({ collMod: name, validator });
  }
}

/** How the schema is brought up to date. `uniqueBy` counts for a database that is made now; an older one keeps its own. */
export type SchemaOptions = { db: Db; uniqueBy: Uniqueness; steps?: readonly Migration[]; leaseMs?: number; patienceMs?: number } & {
  /** Told the schema that this gateway found and brought up to date; never 0. */
  onMigrated?: ((from: number) => void) | undefined;
};

const pauseMs = 100;

/**
 * Brings the database to our schema: one gateway at a time, under a lease by the server's clock; the others wait. Then sees to the indexes.
 * Throws `config-invalid` when a newer version was here, `store-unavailable` when another gateway does not get done.
 */
export async function prepareSchema({
  db,
  uniqueBy,
  steps = migrations,
  leaseMs = 30_000,
  patienceMs = 60_000,
  onMigrated = () => undefined,
}: SchemaOptions): Promise<Uniqueness> {
  const schema = db.collection<SchemaDocument>('schema');
  const holder = randomUUID();
  await refuseForeign(db, schema);
  await begin(schema, uniqueBy);
  for (let waited = 0; ; waited += pauseMs) {
    const found = await schema.findOne({ _id: 'schema' });
    if (!found || found.version > steps.length) throw tooNew(db, found?.version);
    if (found.version === steps.length) {
      await ensureIndexes(db, found.uniqueBy);
      await keyOwners(db);
      return found.uniqueBy;
    }
    if (await lease(schema, holder, leaseMs)) {
      await migrate({ db, schema, steps, holder, leaseMs });
      if (found.version > 0) onMigrated(found.version);
    } else if (waited >= patienceMs)
      throw new GatewayFault('store-unavailable', 'Another gateway is still bringing the database up to date.');
    else await sleep(pauseMs);
  }
}

/**
 * Leaves a database alone that is another program's. What is listed before the schema document is looked for, and yet was not made under
 * it, is not ours: a gateway that starts at the same time writes that document first.
 */
async function refuseForeign(db: Db, schema: Collection<SchemaDocument>): Promise<void> {
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  const found = await schema.findOne({ _id: 'schema' });
  if (found && typeof found.version === 'number' && ['indexes', 'names'].includes(found.uniqueBy)) return;
  const others = listed.map(({ name }) => name).filter((name) => name !== 'schema' && !name.startsWith('system.'));
  const inSchema = found ?? (await schema.findOne({ _id: { $ne: 'schema' } }));
  if (others.length > 0 || inSchema) throw foreign(db, inSchema ? ['schema', ...others] : others);
}

async function begin(schema: Collection<SchemaDocument>, uniqueBy: Uniqueness): Promise<void> {
  try {
    await schema.updateOne({ _id: 'schema' }, { $setOnInsert: { version: 0, uniqueBy } }, { upsert: true });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
}

const leaseOf = (holder: string, leaseMs: number) => [{ $set: { lease: { holder, until: { $add: ['$$NOW', leaseMs] } } } }];

async function lease(schema: Collection<SchemaDocument>, holder: string, leaseMs: number): Promise<boolean> {
  const isFree = { $or: [{ lease: { $exists: false } }, { $expr: { $lte: ['$lease.until', '$$NOW'] } }] };
  return (await schema.updateOne({ _id: 'schema', ...isFree }, leaseOf(holder, leaseMs))).modifiedCount === 1;
}

type Migrating = { db: Db; schema: Collection<SchemaDocument>; steps: readonly Migration[]; holder: string; leaseMs: number };

/** Runs what is missing. A lease that was lost meanwhile (this process stood still) ends it: the new holder does it again. */
async function migrate({ db, schema, steps, holder, leaseMs }: Migrating): Promise<void> {
  const isOurs = { _id: 'schema', 'lease.holder': holder } as const;
  const renewal = setInterval(() => void schema.updateOne(isOurs, leaseOf(holder, leaseMs)).catch(() => undefined), leaseMs / 3);
  try {
    const from = (await schema.findOne(isOurs))?.version ?? steps.length;
    for (const [index, step] of steps.entries()) {
      if (index < from) continue;
      await step(db);
      const { matchedCount } = await schema.updateOne({ ...isOurs, version: index }, { $set: { version: index + 1 } });
      if (matchedCount === 0) return;
    }
  } finally {
    clearInterval(renewal);
    await schema.updateOne(isOurs, { $unset: { lease: '' } });
  }
}

const tooNew = (db: Db, version: number | undefined): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The database ${db.databaseName} was made by a newer version of pushgate (schema ${version}); it was left as it is. Run that version.`,
  );

const foreign = (db: Db, names: readonly string[]): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The database ${db.databaseName} holds collections that pushgate did not make (${names.slice(0, 3).join(', ')}); it was left as it is. Give store.database a name of its own.`,
  );
