import assert from 'node:assert/strict';
import type { Store } from '../../../src/store/store.ts';
import { type GivenMongo, givenMongo, givenStandaloneMongo, withClient } from '../../kit/mongod.ts';
import { givenChallenge, givenTransaction } from '../../kit/records.ts';
import { tcpProxy } from '../../kit/tcp-proxy.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore, openStoreAt, type Wishes } from './mongo-kit.ts';
import { type Seen, seenWhile } from './profile.ts';

const never = 3_600_000;
const id = (number: number): string => `0010000000000000000${number}`;
const accepted = (number: number) => ({
  ...givenTransaction({}, [givenChallenge({ handle: `N${number}` })]).decision,
  state: 'accepted' as const,
  version: 1,
});

/**
 * Resolves when the waiter of this store was notified and reads an accepted transaction; a notification may come while
 * the transaction cannot be read.
 */
function acceptedAt(store: Store, transactionId: string): Promise<void> {
  return new Promise((resolve) => {
    const look = async (): Promise<void> => {
      const found = await store.findTransaction(transactionId).catch(() => undefined);
      if (found?.decision.state !== 'accepted') return;
      stop();
      resolve();
    };
    const stop = store.onDecided(transactionId, () => void look());
  });
}

const add = (store: Store, number: number) =>
  store.addTransaction(givenTransaction({ id: id(number) }, [givenChallenge({ handle: `N${number}` })]));

/** Resolves when the store notified a waiter without a query: from then on it listens. */
async function listening(store: Store): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = store.onDecided('nothing', () => {
      stop();
      resolve();
    });
  });
}

describe('Waiting for a decision on MongoDB', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenTwo = async (mongo: GivenMongo, wishes: Wishes): Promise<{ here: Store; there: Store; database: string }> => {
    const { store: here, database, open } = await givenStore(mongo, undo, wishes);
    return { here, there: await open(), database };
  };

  describe('with a change stream', () => {
    const mongo = givenMongo();

    it('reports a decision of another gateway, without a query', async () => {
      const { here, there, database } = await givenTwo(mongo, { pollMs: never, retryMs: never });
      for (const number of [1, 2]) await add(here, number);
      // given a waiter that is notified once, when the stream begins
      const waits = acceptedAt(here, id(1));
      await listening(here);
      // when another gateway decides, among many other changes of transactions
      const seen = await seenWhile(mongo.url(), database, async () => {
        await there.appendTrail(id(1), [{ at: 1, serial: 'S', provider: 'p', outcome: 'sent', reason: '', ms: 1 }]);
        await there.decide(id(2), 0, accepted(2), [], 0);
        await there.decide(id(1), 0, accepted(1), [{ id: 'e', kind: 'login-succeeded', serial: 'S', at: 1 }], 0);
        await waits;
      });
      // then the waiter is notified, after one or two reads of its transaction and no other command
      const asked = seen.filter(({ collection, command, filter }) => collection === 'transactions' && command === 'query' && filter);
      assert.ok(asked.length <= 2 && asked.every(({ filter }) => filter?._id === id(1)), JSON.stringify(asked));
    });

    it('ignores changes of delivery and effects', async () => {
      const { here, there } = await givenTwo(mongo, { pollMs: never, retryMs: never });
      for (const number of [1, 2]) await add(here, number);
      let told = 0;
      const stop = here.onDecided(id(1), () => {
        told += 1;
      });
      await listening(here);
      const before = told;
      await there.appendTrail(id(1), [{ at: 1, serial: 'S', provider: 'p', outcome: 'sent', reason: '', ms: 1 }]);
      await there.removeEffects(id(1), ['e']);
      // a later decision is reported after them
      const waits = acceptedAt(here, id(2));
      await there.decide(id(2), 0, accepted(2), [], 0);
      await waits;
      assert.equal(told, before);
      stop();
    });

    it('misses no decision while the stream was broken, and resumes it', async () => {
      const { store: there, database } = await givenStore(mongo, undo);
      const wire = await tcpProxy(undo, Number(new URL(mongo.url()).port));
      const here = await openStoreAt(`mongodb://127.0.0.1:${wire.port}/?directConnection=true`, database, {
        serverSelectionTimeoutMs: 1000,
        pollMs: 50,
        retryMs: 200,
      });
      undo.later(() => here.close());
      for (const number of [1, 2]) await add(there, number);
      const waits = { first: acceptedAt(here, id(1)), second: acceptedAt(here, id(2)) };
      await listening(here);
      // when a decision falls into the time without a wire
      wire.cut();
      await there.decide(id(1), 0, accepted(1), [], 0);
      wire.mend();
      // then the waiter hears of it, and of the next one too
      await waits.first;
      await there.decide(id(2), 0, accepted(2), [], 0);
      await waits.second;
    });
  });

  describe('without one', () => {
    const mongo = givenStandaloneMongo();

    it('serves all waiters with one query per tick', async () => {
      const { here, there, database } = await givenTwo(mongo, { pollMs: 20, retryMs: never });
      const numbers = [1, 2, 3, 4, 5];
      for (const number of numbers) await add(here, number);
      const waits = numbers.map((number) => acceptedAt(here, id(number)));
      const seen = await seenWhile(mongo.url(), database, async () => {
        for (const number of numbers) await there.decide(id(number), 0, accepted(number), [], 0);
        await Promise.all(waits);
      });
      const batched = ({ command, filter }: Seen): boolean => command === 'query' && Array.isArray(filter?._id?.$in);
      assert.ok(seen.some(batched), JSON.stringify(seen));
      assert.ok(seen.filter(batched).every(({ plan, keysExamined }) => !plan.includes('COLLSCAN') && keysExamined <= 2 * numbers.length));
    });

    it('sends no query without waiters', async () => {
      const { here, there, database } = await givenTwo(mongo, { pollMs: 5, retryMs: 20 });
      await add(here, 1);
      const waits = acceptedAt(here, id(1));
      await there.decide(id(1), 0, accepted(1), [], 0);
      await waits;
      const seen = await withClient(mongo.url(), async (client) => {
        const ping = async () => client.db('admin').command({ ping: 1 });
        await here.probe('test', 1);
        return seenWhile(mongo.url(), database, async () => {
          for (let tick = 0; tick < 50; tick += 1) await ping();
        });
      });
      assert.ok(seen.filter(({ collection }) => collection === 'transactions').length <= 1, JSON.stringify(seen));
    });
  });
});
