import assert from 'node:assert/strict';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openMongoStore } from '../../../src/store/mongodb/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { givenMongo, withClient } from '../../kit/mongod.ts';
import { freePort } from '../../kit/ports.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../../kit/records.ts';
import { type TcpProxy, tcpProxy } from '../../kit/tcp-proxy.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore, openStoreAt, type Wishes } from './mongo-kit.ts';

const id = '00100000000000000001';
const quick = { serverSelectionTimeoutMs: 1000, operationTimeoutMs: 2500 };
const accepted = { ...givenTransaction().decision, state: 'accepted' as const, version: 1 };

describe('A MongoDB store whose server', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A store behind a connection that can be cut, and a second store that sees what really happened. */
  const givenWire = async (wishes: Wishes = {}): Promise<{ store: Store; beside: Store; wire: TcpProxy; told: string[] }> => {
    const { store: beside, database } = await givenStore(mongo, undo);
    const address = new URL(mongo.url());
    const wire = await tcpProxy(undo, Number(address.port));
    const told: string[] = [];
    const store = await openStoreAt(`mongodb://127.0.0.1:${wire.port}/?directConnection=true`, database, {
      ...quick,
      onOperation: (op, outcome) => told.push(`${op} ${outcome}`),
      ...wishes,
    });
    undo.later(() => store.close());
    return { store, beside, wire, told };
  };
  /** Asserts that `work` fails as unavailable within its time limit. */
  const assertUnavailable = async (work: Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await assert.rejects(work, { name: 'GatewayFault', code: 'store-unavailable' });
    const ms = performance.now() - begun;
    assert.ok(ms < quick.operationTimeoutMs + 500, `${ms} ms`);
  };

  it('is cut off is unavailable in time, and works again when the connection is back', async () => {
    const { store, wire, told } = await givenWire();
    await store.addToken(givenPushToken());
    // when the wire is cut, with operations of all kinds to come
    wire.cut();
    await assertUnavailable(store.findToken('PIPU00010001'));
    await Promise.all([
      assertUnavailable(store.addToken(givenPushToken({ serial: 'OTHER' }))),
      assertUnavailable(store.decide(id, 0, accepted, [], 0)),
      assertUnavailable(store.changeToken('PIPU00010001', 0, { enabled: false })),
      assertUnavailable(store.countUp('k', 0, 1)),
      assertUnavailable(store.probe('test', 1)),
    ]);
    await assert.rejects(
      store.probe('test', 1),
      (error: Error) => !error.message.includes('127.0.0.1') && String(error.cause).includes('127.0.0.1'),
    );
    // background writes log the reason, too
    await assert.rejects(store.removeEffects(id, ['e']), /^GatewayFault: MongoDB failed at removeEffects: Mongo\w+$/);
    // then it works again as soon as it can
    wire.mend();
    await store.probe('test', 1);
    assert.equal((await store.findToken('PIPU00010001'))?.enabled, true);
    assert.ok(told.includes('decide fault') && told.at(-1) === 'findToken ok', told.join());
  });

  it('falls silent is unavailable in time', async () => {
    const { store, wire } = await givenWire();
    await store.probe('test', 1);
    wire.hold();
    await Promise.all([assertUnavailable(store.findToken('S')), assertUnavailable(store.addToken(givenPushToken()))]);
    wire.cut();
    wire.mend();
    assert.equal(await store.findToken('S'), undefined);
  });

  it('did a write whose acknowledgement was lost is asked once more, and replies the same', async () => {
    const { store, beside, wire } = await givenWire();
    await beside.addToken(givenPushToken());
    // when the reply to each write is lost
    const lost = async <T>(command: string, write: () => Promise<T>): Promise<T> => {
      const gone = wire.loseReplyTo(command);
      const reply = await write();
      await gone;
      return reply;
    };
    assert.equal(await lost('transactions', () => store.addTransaction(givenTransaction())), 'added');
    assert.equal(await lost('transactions', () => store.decide(id, 0, accepted, [], 0)), 'decided');
    assert.equal(await lost('tokens', () => store.changeToken('PIPU00010001', 0, { enabled: false })), 'changed');
    assert.equal(await lost('tokens', () => store.addToken(givenPushToken({ serial: 'S2' }))), 'added');
    assert.deepEqual(await lost('counters', () => store.countUp('k', 0, 100)), { count: 1, endsAt: 100 });
    // then each was done once
    assert.equal((await beside.findTransaction(id))?.decision.version, 1);
    assert.equal((await beside.findToken('PIPU00010001'))?.version, 1);
    assert.deepEqual(await beside.countUp('k', 0, 100), { count: 2, endsAt: 100 });
  });

  it('is missing fails the opening with one sentence without credentials', async () => {
    const url = `mongodb://someone:hunter2@127.0.0.1:${await freePort()}`;
    await assert.rejects(openStoreAt(url, 'pushgate-test', quick), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'store-unavailable');
      assert.match(error.message, /MongoDB cannot be reached/);
      assert.ok(!error.message.includes('hunter2') && !error.message.includes('\n'));
      return true;
    });
  });

  it('has an invalid address is refused, in an error without the address', async () => {
    const options = { ...quick, database: 'pushgate-test', maxPoolSize: 2, log: openLog('silent') };
    for (const url of ['hunter2', 'mongodb://user:hunter2@', 'http://hunter2'])
      await assert.rejects(openMongoStore({ ...options, url }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'config-invalid');
        assert.ok(!error.message.includes('hunter2'), error.message);
        return true;
      });
  });

  it('refuses a document is a defect, in an error without its content', async () => {
    const { store } = await givenStore(mongo, undo);
    const broken = givenTransaction({}, [
      givenChallenge({ payload: 'the-payload', wrongTries: Number.NaN, state: JSON.parse('"nonsense"') }),
    ]);
    await assert.rejects(store.addTransaction(broken), (error: Error) => {
      assert.equal(error.name, 'Error');
      assert.match(error.message, /MongoDB refused addTransaction: .*121/);
      assert.ok(!JSON.stringify(error, Object.getOwnPropertyNames(error)).includes('the-payload'));
      return true;
    });
  });

  it('steps down and is elected again loses no acknowledged write, and does nothing twice', async function () {
    if (!mongo.isOurs()) this.skip();
    // given many that decide and count all the time
    const { store } = await givenStore(mongo, undo, { serverSelectionTimeoutMs: 20_000, operationTimeoutMs: 30_000 });
    const going = { stop: false, counted: 0, decided: [] as string[] };
    const enough = Promise.withResolvers<void>();
    const work = async (worker: number): Promise<void> => {
      for (let number = 0; !going.stop; number += 1) {
        const name = `${worker}-${number}`;
        const challenges = [givenChallenge({ handle: name })];
        assert.equal(await store.addTransaction(givenTransaction({ id: name }, challenges)), 'added');
        assert.equal(await store.decide(name, 0, { ...accepted, challenges }, [], 0), 'decided');
        going.decided.push(name);
        await store.countUp('all', 0, 100);
        going.counted += 1;
        if (going.counted > 20) enough.resolve();
      }
    };
    const workers = Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(work));
    await Promise.race([enough.promise, workers]);
    // when the primary steps down in the middle, and is elected again
    await withClient(mongo.url(), async (client) => {
      await client.db('admin').command({ replSetStepDown: 1, secondaryCatchUpPeriodSecs: 0, force: true });
      await store.probe('test', 1);
    });
    const before = going.counted;
    while (going.counted < before + 20) await store.probe('test', 1);
    going.stop = true;
    await workers;
    // then no write reported a conflict, and each is there once
    for (const name of going.decided) assert.equal((await store.findTransaction(name))?.decision.state, 'accepted');
    assert.equal((await store.countUp('all', 0, 100)).count, going.counted + 1);
  });
});
