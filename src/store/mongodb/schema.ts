import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Collection, type Db, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { collectionsOf, type SchemaDocument, type Uniqueness } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { ensureIndexes } from './indexes.ts';
import { ownerIndexFields } from './token-documents.ts';
import { validators } from './validators.ts';

/** Turns schema n into schema n + 1. Must be repeatable, since it may be interrupted. */
export type Migration = (db: Db) => Promise<void>;

const namespaceExists = 48;

/** Forward migrations: entry n turns schema n into schema n + 1. */
export const migrations: readonly Migration[] = [
  async (db) => {
    await Promise.all(Object.entries(validators).map(([name, schema]) => applyValidator(db, name, { $jsonSchema: schema })));
  },
  (db) => applyValidator(db, 'partitionKeys', { $jsonSchema: validators.partitionKeys }),
  (db) => applyValidator(db, 'devices', { $jsonSchema: validators.devices }),
  keyOwners,
  (db) => applyValidator(db, 'accounts', { $jsonSchema: validators.accounts }),
  async (db) => {
    for (const name of ['audit', 'auditNotes', 'auditWriters', 'personKeys'])
      await applyValidator(db, name, { $jsonSchema: validators[name] });
  },
  (db) => applyValidator(db, 'accounts', { $jsonSchema: validators.accounts }),
  (db) => applyValidator(db, 'knownClients', { $jsonSchema: validators.knownClients }),
  (db) => applyValidator(db, 'keptRequests', { $jsonSchema: validators.keptRequests }),
  (db) => applyValidator(db, 'outbox', { $jsonSchema: validators.outbox }),
  async (db) => {
    for (const name of ['publishedEvents', 'eventStreams']) await applyValidator(db, name, { $jsonSchema: validators[name] });
  },
  (db) => applyValidator(db, 'identityPins', { $jsonSchema: validators.identityPins }),
];

const keyedAtOnce = 500;

/**
 * Stores the owner keys of each push token, and the folded name for list searches. Does not change owners. Runs at
 * every start, since a running gateway of an older version adds tokens without keys; an index finds those.
 */
async function keyOwners(db: Db): Promise<void> {
  const { tokens } = collectionsOf(db);
  const unkeyed = { ownerKeys: { $exists: false }, owner: { $exists: true } } as const;
  for (;;) {
    const found = await tokens.find(unkeyed, { projection: { bucket: 1, owner: 1 }, limit: keyedAtOnce }).toArray();
    const writes = found.flatMap(({ _id, bucket, owner }) =>
      owner ? [{ updateOne: { filter: { _id, bucket, owner }, update: { $set: ownerIndexFields(owner) } } }] : [],
    );
    if (writes.length === 0) return;
    await tokens.bulkWrite(writes, { ordered: false });
  }
}

/** Creates a collection with this validator, or sets the validator of an existing one. */
async function applyValidator(db: Db, name: string, validator: object): Promise<void> {
  try {
    await db.createCollection(name, { validator });
  } catch (error) {
    if (!(error instanceof MongoServerError && error.code === namespaceExists)) throw error;
    await db.command({ collMod: name, validator });
  }
}

/** Options of a schema update. `uniqueBy` applies to a new database; an existing one keeps its own. */
export type SchemaOptions = { db: Db; uniqueBy: Uniqueness; steps?: readonly Migration[]; leaseMs?: number; patienceMs?: number } & {
  /** Called with the older schema version that this gateway updated; never 0. */
  onMigrated?: ((from: number) => void) | undefined;
};

const pauseMs = 100;

/**
 * Updates the database's schema: one gateway at a time, under a lease by the server's clock, while others wait. Then
 * creates indexes. Throws `config-invalid` for a newer schema, `store-unavailable` when another gateway does not
 * finish.
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
      throw new GatewayFault('store-unavailable', 'Another gateway is still updating the schema of the database.');
    else await sleep(pauseMs);
  }
}

/**
 * Refuses another program's database. Collections that are listed before the schema document exists are not ours: a
 * gateway that starts at the same time writes that document first.
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

/**
 * Runs the missing steps. Stops when the lease was lost (this process was suspended): its new holder repeats the step.
 */
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
    `The database ${db.databaseName} was made by a newer version of pushgate (schema ${version}); it was left unchanged. Run that version.`,
  );

const foreign = (db: Db, names: readonly string[]): GatewayFault =>
  new GatewayFault(
    'config-invalid',
    `The database ${db.databaseName} has collections that pushgate did not make (${names.slice(0, 3).join(', ')}); it was left unchanged. Choose another name in store.database.`,
  );
