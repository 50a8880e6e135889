import assert from 'node:assert/strict';
import { type Db, MongoClient } from 'mongodb';
import { foldedKey, type Owner, sourceKey } from '../../../src/foundation/model/index.ts';
import { wantedIndexes } from '../../../src/store/mongodb/indexes.ts';
import { type Migration, migrations, prepareSchema } from '../../../src/store/mongodb/schema.ts';
import { dropDatabase, givenMongo, withClient } from '../../kit/mongod.ts';
import { givenPushToken, keysOf } from '../../kit/records.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore, openStoreAt } from './mongo-kit.ts';

describe('The database of the MongoDB store', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenDatabase = async (): Promise<Db> => {
    const client = new MongoClient(mongo.url());
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    undo.later(() => client.close());
    return client.db(database);
  };

  for (const uniqueBy of ['indexes', 'names'] as const) {
    it(`has the indexes it needs, unique by ${uniqueBy}, and keeps its first options`, async () => {
      const { database, open } = await givenStore(mongo, undo, { uniqueBy });
      await open({ uniqueBy: uniqueBy === 'names' ? 'indexes' : 'names' });
      await withClient(mongo.url(), async (client) => {
        for (const [collection, wanted] of wantedIndexes(uniqueBy)) {
          const found = await client.db(database).collection(collection).indexes();
          assert.deepEqual(found.map(({ name }) => name).sort(), ['_id_', ...wanted.map(({ name }) => name)].sort());
          if (uniqueBy === 'names')
            assert.deepEqual(
              found.filter(({ unique }) => unique),
              [],
              'a sharded collection would refuse them',
            );
        }
      });
    });
  }

  it('gets a dropped index back, and refuses a wrong one', async () => {
    const { database, open } = await givenStore(mongo, undo);
    await withClient(mongo.url(), async (client) => {
      const transactions = client.db(database).collection('transactions');
      await transactions.dropIndex('handle');
      await open();
      assert.ok((await transactions.indexes()).some(({ name, unique }) => name === 'handle' && unique));
      await transactions.dropIndex('handle');
      await transactions.createIndex({ 'decision.challenges.handle': 1 }, { name: 'handle' });
      await assert.rejects(open(), { code: 'config-invalid', message: /index handle of the collection transactions .* Drop it/ });
    });
  });

  it('validates the fields that decide something, whichever client writes them', async () => {
    const { store, database } = await givenStore(mongo, undo);
    await store.addToken(givenPushToken());
    await withClient(mongo.url(), async (client) => {
      const tokens = client.db(database).collection('tokens');
      await assert.rejects(tokens.updateOne({}, { $set: { failCount: 'none' } }), { code: 121 });
      await assert.rejects(tokens.updateOne({}, { $unset: { enabled: '' } }), { code: 121 });
      await assert.rejects(
        client
          .db(database)
          .collection('transactions')
          .insertOne({ decision: { state: 'accepted' } }),
        { code: 121 },
      );
    });
  });

  it('is opened by many gateways at once, and created by one', async () => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStoreAt(mongo.url(), database)));
    for (const store of stores) undo.later(() => store.close());
    const added = await Promise.all(stores.map((store) => store.addToken(givenPushToken())));
    assert.equal(added.filter((result) => result === 'added').length, 1);
  });

  it('is migrated by one of two gateways that start at once; the other waits', async () => {
    const db = await givenDatabase();
    const ran: string[] = [];
    const underWay = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const steps = (name: string): Migration[] => [
      async () => {
        ran.push(`${name} 1`);
        underWay.resolve();
        await mayEnd.promise;
      },
      async () => void ran.push(`${name} 2`),
      ...migrations,
    ];
    // given a gateway in the middle of a migration, for longer than a lease lasts without renewal
    const first = prepareSchema({ db, uniqueBy: 'indexes', steps: steps('first'), leaseMs: 600 });
    await underWay.promise;
    // when another one comes and cannot wait for ever
    await assert.rejects(prepareSchema({ db, uniqueBy: 'indexes', steps: steps('hasty'), patienceMs: 900 }), { code: 'store-unavailable' });
    const second = prepareSchema({ db, uniqueBy: 'indexes', steps: steps('second') });
    mayEnd.resolve();
    await Promise.all([first, second]);
    // then every step was done once, in order
    assert.deepEqual(ran, ['first 1', 'first 2']);
    assert.deepEqual(await db.collection('schema').findOne(), { _id: 'schema', version: migrations.length + 2, uniqueBy: 'indexes' });
  });

  it('is migrated by the next gateway when the first died in the middle', async () => {
    const db = await givenDatabase();
    const dies: Migration = async () => {
      throw new Error('out of memory');
    };
    const ran: string[] = [];
    const step: Migration = async () => void ran.push('a step');
    await assert.rejects(prepareSchema({ db, uniqueBy: 'indexes', steps: [step, dies, ...migrations] }));
    // and its lease, had it been killed, ends by itself
    await db.collection('schema').updateOne({}, { $set: { lease: { holder: 'the dead', until: new Date(Date.now() - 1) } } });
    await prepareSchema({ db, uniqueBy: 'indexes', steps: [step, step, ...migrations] });
    assert.deepEqual(ran, ['a step', 'a step'], 'what was done is not done again');
  });

  it('gains the fields that an older version lacked', async () => {
    const db = await givenDatabase();
    await prepareSchema({ db, uniqueBy: 'indexes', steps: migrations.slice(0, 1) });
    await db.collection('partitionKeys').drop();
    await prepareSchema({ db, uniqueBy: 'indexes' });
    const wrong = db.collection<{ _id: string }>('partitionKeys').insertOne({ _id: 'linotp:0' });
    await assert.rejects(wrong, { code: 121 }, 'the validator is there');
  });

  it('allows disabled accounts in a database of an older version, and no other value in that field', async () => {
    // given an account as a version without disabled ones stored it
    const db = await givenDatabase();
    await prepareSchema({ db, uniqueBy: 'indexes', steps: migrations.slice(0, 4) });
    await db.command({ collMod: 'accounts', validator: {} });
    const accounts = db.collection<{ _id: string; passwordHash: string; createdAt: number; disabled?: unknown }>('accounts');
    await accounts.insertOne({ _id: 'admin', passwordHash: 'h', createdAt: 1 });
    // when this version opens it
    await prepareSchema({ db, uniqueBy: 'indexes' });
    // then the server itself holds the field to yes or no
    await accounts.updateOne({ _id: 'admin' }, { $set: { disabled: true } });
    await assert.rejects(accounts.updateOne({ _id: 'admin' }, { $set: { disabled: 'yes' } }), { code: 121 });
  });

  it('finds push tokens of an older version by their exact name, whether migrated already or not', async () => {
    // given push tokens of an older version, one of which was migrated before an interruption
    const { database, store, open } = await givenStore(mongo, undo);
    const owners: Owner[] = [
      { user: 'Bob', realm: 'corp', resolver: '' },
      { user: 'bob', realm: 'corp', resolver: '' },
      { user: 'alice', realm: 'corp', resolver: 'staff', userid: '7' },
    ];
    for (const [index, owner] of owners.entries()) await store.addToken(givenPushToken({ serial: `S${index}`, owner }));
    const { owner: _nobody, ...unowned } = givenPushToken({ serial: 'NOBODY' });
    await store.addToken(unowned);
    await withClient(mongo.url(), async (client) => {
      const db = client.db(database);
      await db.collection<{ _id: string }>('tokens').updateMany({ _id: { $ne: 'S1' } }, { $unset: { ownerKeys: '' } });
      await db.collection('schema').updateOne({}, { $set: { version: 3 } });
    });
    // when this version opens it
    const from: number[] = [];
    const onMigrated = (schema: number) => void from.push(schema);
    const migrated = await open({ onMigrated });
    await open({ onMigrated });
    assert.deepEqual(from, [3], 'who opened it first is told');
    // then each is found by its owner alone, and without regard to case
    const found = async (...keys: (string | undefined)[]) =>
      (await migrated.tokensOf(keys.map((key) => key ?? ''))).map(({ serial }) => serial);
    assert.deepEqual(await found(...keysOf('Bob')), ['S0']);
    assert.deepEqual(await found(...keysOf('bob')), ['S1']);
    assert.deepEqual(await found(foldedKey({ user: 'BOB', realm: 'corp' })), ['S0', 'S1']);
    assert.deepEqual(await found(sourceKey({ user: '', realm: 'corp', resolver: 'staff', userid: '7' })), ['S2']);
    assert.deepEqual((await migrated.findToken('S0'))?.owner, owners[0]);
  });

  it('is refused when a newer version made it, and stays unchanged', async () => {
    const { database, open } = await givenStore(mongo, undo);
    await withClient(mongo.url(), async (client) => {
      const schema = client.db(database).collection('schema');
      await schema.updateOne({}, { $set: { version: 99 } });
      await assert.rejects(open(), { code: 'config-invalid', message: /newer version of pushgate \(schema 99\)/ });
      assert.equal((await schema.findOne())?.version, 99);
    });
  });
});
