import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { configText } from '../kit/gateway.ts';
import { dropDatabase, givenMongo, withClient } from '../kit/mongod.ts';
import { guardedMongod, uninitiatedMongod } from '../kit/mongod-process.ts';
import { oldMongod } from '../kit/old-mongod.ts';
import { runCli } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { givenStore } from '../store/mongodb/mongo-kit.ts';

const secret = 'hunter2';

describe('`pushgate serve` with a MongoDB that it cannot use', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  const configFor = async (url: string, database: string): Promise<string> => {
    const folder = temporaryFolder(undo);
    createKeyringFile(join(folder, 'keyring.json'), 0);
    writeFileSync(join(folder, 'url'), url);
    const store = { kind: 'mongodb', url: { $file: 'url' }, database, serverSelectionTimeoutMs: 1000 };
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more: { store }, settings: { logLevel: 'error' } }, `127.0.0.1:${await freePort()}`));
    return file;
  };
  /** That the start ends with one sentence that says this, and tells no secret. */
  const assertRefused = async (url: string, database: string, what: RegExp): Promise<void> => {
    const { code, out, err } = await runCli(['serve', '--config', await configFor(url, database)]);
    assert.equal(code, /cannot be reached|is not initiated/.test(err) ? 4 : 3, err);
    assert.match(err, /^(store\.url: [^\n]*\n)?pushgate: [^\n]*\n$/);
    assert.match(err, what);
    assert.ok(!`${out}${err}`.includes(secret), err);
  };
  const assertStarts = async (url: string, database: string): Promise<void> => {
    const { code, err } = await runCli(['serve', '--config', await configFor(url, database)]);
    assert.equal(code, 0, err);
  };
  const freshDatabase = (): string => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    return database;
  };

  it('says how a replica set is begun that never was', async function () {
    const url = await uninitiatedMongod(undo);
    if (!url) return this.skip();
    for (const address of [url, `${url}?replicaSet=rs0`])
      await assertRefused(address, 'pushgate', /its replica set is not initiated: run rs\.initiate\(\)/);
  });

  it('says that the address is none, that nobody is there, or that it is no MongoDB', async () => {
    await assertRefused(`mongo://user:${secret}@localhost`, 'pushgate', /^store\.url: is not an address of MongoDB: Invalid scheme/);
    await assertRefused(`mongodb://user:${secret}@127.0.0.1:${await freePort()}`, 'pushgate', /MongoDB cannot be reached .*store\.url/);
    const web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    undo.later(() => web.close());
    await assertRefused(`mongodb://127.0.0.1:${(web.address() as AddressInfo).port}`, 'pushgate', /MongoDB cannot be reached .*store\.url/);
  });

  it('says that the server is too old, whether the driver still knows it or not', async () => {
    await assertRefused(await oldMongod(undo, 8), 'pushgate', /too old: pushgate needs 6\.0/);
    await assertRefused(await oldMongod(undo, 13), 'pushgate', /too old: pushgate needs 6\.0/);
  });

  it('says that user or password are wrong, or that the user may not do what it must', async function () {
    const database = 'pushgate-test-guarded';
    const guarded = await guardedMongod(undo, database);
    if (!guarded) return this.skip();
    await guarded.add('reader', secret, ['read']);
    await guarded.add('gateway', secret, ['readWrite', 'dbAdmin']);
    await assertRefused(guarded.url('gateway', `${secret}-not`), database, /refuses the user or the password in store\.url/);
    await assertRefused(guarded.url('reader', secret), database, /lacks rights on the database pushgate-test-guarded/);
    await assertRefused(guarded.url('gateway', secret), 'another', /lacks rights on the database another/);
    // with the roles that the documentation asks for, it starts
    await assertStarts(guarded.url('gateway', secret), database);
  });

  it('leaves the database of another program alone', async () => {
    const foreign: [name: string, document: { _id: string; version?: unknown }][] = [
      ['users', { _id: 'alice' }],
      ['tokens', { _id: 'ours?' }],
      ['schema', { _id: 'tables' }],
      ['schema', { _id: 'schema', version: 'three' }],
    ];
    for (const [name, document] of foreign) {
      const database = freshDatabase();
      await withClient(mongo.url(), async (client) => {
        const db = client.db(database);
        const collection = db.collection<{ _id: string }>(name);
        await collection.insertOne(document);
        const before = await db.listCollections().toArray();
        await assertRefused(mongo.url(), database, new RegExp(`${database} has collections that pushgate did not make \\(${name}\\)`));
        assert.deepEqual(await db.listCollections().toArray(), before, 'nothing was made or given a validator');
        assert.deepEqual(await collection.find().toArray(), [document]);
        assert.equal((await collection.indexes()).length, 1);
      });
    }
  });

  it('names an index that differs, and leaves it as it is; one under another name that serves as well is good enough', async () => {
    const { store, database } = await givenStore(mongo, undo);
    await store.close();
    await withClient(mongo.url(), async (client) => {
      const tokens = client.db(database).collection('tokens');
      await tokens.dropIndex('type');
      await tokens.createIndex({ type: 1 }, { name: 'mine', unique: true });
      const before = await tokens.indexes();
      await assertRefused(mongo.url(), database, /The unique index mine of the collection tokens is not ours/);
      assert.deepEqual(await tokens.indexes(), before);
      await tokens.dropIndex('mine');
      await tokens.createIndex({ type: 1 }, { name: 'mine' });
      await assertStarts(mongo.url(), database);
      const transactions = client.db(database).collection('transactions');
      await transactions.dropIndex('clean');
      await transactions.createIndex({ cleanFrom: 1 }, { name: 'mine', expireAfterSeconds: 60 });
      await assertRefused(
        mongo.url(),
        database,
        /index clean of the collection transactions cannot be created, because another index on the same fields/,
      );
      await transactions.dropIndex('mine');
      await tokens.dropIndex('owner');
      await tokens.createIndex({ 'lower.user': 1 }, { name: 'owner' });
      await assertRefused(
        mongo.url(),
        database,
        /The index owner of the collection tokens does not have the definition that this version needs\. Drop it/,
      );
    });
  });
});
