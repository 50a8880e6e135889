import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { exitCodes, type Failure } from '../../src/cli/exit-codes.ts';
import { loadConfig } from '../../src/config/index.ts';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { copyStore } from '../../src/store/copy.ts';
import { openEmbeddedStore } from '../../src/store/embedded/index.ts';
import type { Store } from '../../src/store/store.ts';
import { configText } from '../kit/gateway.ts';
import { pushgate } from '../kit/gateway-process.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { givenPushToken } from '../kit/records.ts';
import { anyRecords, inOrder, recordsOf } from '../kit/stored-records.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { givenStore } from '../store/mongodb/mongo-kit.ts';

describe('Copying a store', function () {
  this.timeout(120_000);
  const undo = cleanup();
  const mongo = givenMongo();
  afterEach(() => undo.run());

  const givenEmbedded = async (): Promise<Store> => {
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    return store;
  };
  const givenMongoStore = async (uniqueBy: 'indexes' | 'names' = 'indexes'): Promise<Store> =>
    (await givenStore(mongo, undo, { uniqueBy })).store;
  /** More than goes over at once. */
  const givenManyTokens = async (): Promise<Store> => {
    const store = await givenEmbedded();
    const tokens = Array.from({ length: 450 }, (_, number) => givenPushToken({ serial: `S${number}` }));
    await store.importRecords(tokens.map((token) => ({ kind: 'token', token })));
    return store;
  };

  it('loses and changes nothing, whatever is in it: embedded, MongoDB, MongoDB with names, and embedded again', async () => {
    const property = fc.asyncProperty(anyRecords, async (records) => {
      const first = await givenEmbedded();
      await first.importRecords(records);
      const last = await givenEmbedded();
      const way = [first, await givenMongoStore(), await givenMongoStore('names'), last];
      for (const [at, target] of way.slice(1).entries()) {
        const source = way[at] ?? assert.fail();
        const copied = await copyStore(source, target);
        assert.ok(copied.ok);
        assert.equal(
          Object.values(copied.value).reduce((sum, count) => sum + count),
          records.length,
        );
      }
      assert.deepEqual(await recordsOf(last), inOrder(records));
    });
    // Not shrunk: every try costs four stores.
    await fc.assert(property, { numRuns: 8, endOnFailure: true });
  });

  for (const [kind, given] of [
    ['embedded', givenEmbedded],
    ['MongoDB', givenMongoStore],
  ] as const) {
    it(`completes what was cut off, and may be done again: ${kind}`, async () => {
      // given a copy that was cut off half way
      const source = await givenManyTokens();
      const target = await given();
      let batches = 0;
      const dying: Store = {
        ...target,
        importRecords(records) {
          batches += 1;
          return batches > 1 ? Promise.reject(new Error('the power is out')) : target.importRecords(records);
        },
      };
      await assert.rejects(copyStore(source, dying), /the power is out/);
      assert.equal((await recordsOf(target)).length, 200);
      // when it is run again, and once more
      assert.ok((await copyStore(source, target)).ok);
      assert.ok((await copyStore(source, target)).ok);
      // then everything is there
      assert.deepEqual(await recordsOf(target), await recordsOf(source));
    });
  }

  it('writes nothing into a store that holds anything else', async () => {
    const source = await givenManyTokens();
    const target = await givenEmbedded();
    const others = [givenPushToken({ serial: 'S7', failCount: 1 }), givenPushToken({ serial: 'T' }), givenPushToken({ serial: 'A' })];
    for (const token of others) {
      await target.addToken(token);
      assert.deepEqual(await copyStore(source, target), { ok: false, error: 'holds-others' });
      assert.deepEqual(await recordsOf(target), [{ kind: 'token', token }]);
      await target.removeToken(token.serial);
    }
  });

  it('tells when somebody went on writing', async () => {
    const source = await givenManyTokens();
    const target = await givenEmbedded();
    const busy: Store = {
      ...target,
      async importRecords(records) {
        await source.addToken(givenPushToken({ serial: 'A' }));
        await target.importRecords(records);
      },
    };
    assert.deepEqual(await copyStore(source, busy), { ok: false, error: 'differs' });
  });

  /** Two configurations in one folder with one keyring: one on an embedded store, one on MongoDB. */
  const givenConfigs = () => {
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    createKeyringFile(join(folder, 'keyring.json'), Date.now());
    writeFileSync(join(folder, 'mongodb-url'), mongo.url());
    const write = (name: string, more: object): string => {
      writeFileSync(join(folder, name), configText({ more }));
      return join(folder, name);
    };
    return {
      write,
      embedded: write('embedded.json', {}),
      mongodb: write('mongodb.json', { store: { kind: 'mongodb', url: { $file: 'mongodb-url' }, database } }),
      other: write('other.json', { store: { kind: 'embedded', path: 'other.db' } }),
      async start(file: string, newStore?: true) {
        const loaded = await loadConfig(file, {});
        assert.ok(loaded.ok);
        const gateway = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log: openLog('silent'), newStore });
        undo.later(() => gateway.close());
        return { gateway, client: piClient(gateway.urls[0] ?? '') };
      },
    };
  };
  const copy = (from: string, to: string) => pushgate('store', 'copy', '--from', from, '--to', to);

  it('lets logins be finished on the new store that were begun on the old one, there and back', async () => {
    // given a phone, a login that it has answered, and one that it has not
    const { embedded, mongodb, other, start } = givenConfigs();
    const { gateway, client } = await start(embedded);
    const admin = await client.login('admin', gateway.firstPassword ?? '');
    const { detail } = (await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin)).body;
    const enrol = { serial: detail.serial, credential: detail.enrollment_credential };
    await piPhone(client, enrol).rollout();
    const begin = async (): Promise<string> =>
      (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.detail.transaction_id;
    const answered = await begin();
    const [shown] = (await piPhone(client, enrol).poll()).body.result.value;
    await piPhone(client, enrol).answer(shown.nonce);
    const waiting = await begin();
    await gateway.close();
    // when the store is copied to MongoDB and a gateway is started there
    const there = await copy(embedded, mongodb);
    assert.equal(there.code, 0, there.err);
    assert.match(there.out, /^Copied 1 tokens, 2 transactions, 1 accounts, /);
    const second = await start(mongodb);
    const finish = async (on: typeof second, id: string) =>
      (await on.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.authentication;
    // then it makes no new administrator, and the answered login is accepted, once
    assert.equal(second.gateway.firstPassword, undefined);
    assert.equal(await finish(second, answered), 'ACCEPT');
    assert.equal(await finish(second, answered), 'REJECT');
    await second.gateway.close();
    // and copied back, the phone still finds the other one, and it is accepted there
    const back = await copy(mongodb, other);
    assert.equal(back.code, 0, back.err);
    const third = await start(other);
    const phone = piPhone(third.client, enrol);
    const found = (await phone.poll()).body.result.value;
    assert.equal((await phone.answer(found.at(-1).nonce)).body.result.value, true);
    assert.equal(await finish(third, waiting), 'ACCEPT');
    assert.equal(await finish(third, answered), 'REJECT');
  });

  it('is refused in one sentence where it cannot be right', async () => {
    const { embedded, mongodb, other, start, write } = givenConfigs();
    const refused = async (from: string, to: string, why: RegExp, failure: Failure = 'failed'): Promise<void> => {
      const { code, out, err } = await copy(from, to);
      assert.deepEqual([code, out], [exitCodes[failure].code, '']);
      assert.match(err.trim(), why);
      assert.equal(err.trim().split('\n').length, 1);
    };
    await refused(embedded, mongodb, /there is no store .*pushgate\.db to copy from/, 'unavailable');
    await refused(mongodb, mongodb, /both configurations name the same store/, 'usage');
    const { gateway } = await start(embedded);
    await refused(embedded, mongodb, new RegExp(`in use by process ${process.pid}`), 'unavailable');
    await gateway.close();
    createKeyringFile(join(embedded, '..', 'foreign.json'), Date.now());
    const foreign = write('foreign-config.json', { keyring: { $file: 'foreign.json' }, store: { kind: 'embedded', path: 'foreign.db' } });
    await refused(embedded, foreign, /the keyrings of both configurations differ/, 'config');
    await (await start(other, true)).gateway.close();
    await refused(embedded, other, /the target holds records that the source does not have/);
  });
});
