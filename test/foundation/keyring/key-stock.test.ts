import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  type KeyShelf,
  type KeyWorker,
  type KeyWorkerPace,
  newKeyring,
  openKeyring,
  openKeyStock,
} from '../../../src/foundation/keyring/index.ts';
import type { StockKey } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { cleanup } from '../../kit/temporary.ts';

const bits = 2048;

/** A shelf in memory that resolves a promise when it reaches a number of keys. */
function givenShelf() {
  const keys: StockKey[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const shelf: KeyShelf = {
    async addStockKey(key) {
      keys.push(key);
      for (const { count, resolve } of waiting) if (keys.length >= count) resolve();
    },
    takeStockKey: async () => keys.shift(),
    countStockKeys: async () => keys.length,
  };
  return { keys, shelf, has: (count: number) => new Promise<void>((resolve) => waiting.push({ count, resolve })) };
}

const aKey = { publicKey: 'cHVibGlj', privateKey: 'cHJpdmF0ZQ==' };

describe('The stock of server keys', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  const keyring = openKeyring(newKeyring(Date.UTC(2026, 2, 1)));

  const given = (shelf: KeyShelf, wanted: number, onEmpty?: () => void) => {
    const target = () => wanted;
    const stock = openKeyStock({ onEmpty, shelf, keyring, bits, target, log: openLog('silent'), retryMs: 1 });
    undo.later(() => stock.close());
    return stock;
  };

  it('is filled ahead of need, sealed, with pairs that belong together', async () => {
    const { keys, shelf, has } = givenShelf();
    const full = has(2);
    const stock = given(shelf, 2);
    await full;
    assert.equal(keys.length, 2);
    assert.ok(keys.every(({ sealedPrivateKey }) => sealedPrivateKey.startsWith('v1.')));
    const { publicKey, privateKey } = await stock.take();
    const opened = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
    assert.equal(createPublicKey(opened).export({ type: 'pkcs1', format: 'der' }).toString('base64'), publicKey);
    assert.equal(opened.asymmetricKeyDetails?.modulusLength, bits);
  });

  it('gives every caller a key of its own, also when it is empty', async () => {
    const { shelf } = givenShelf();
    const stock = given(shelf, 1);
    const taken = await Promise.all([stock.take(), stock.take(), stock.take()]);
    assert.equal(new Set(taken.map(({ publicKey }) => publicKey)).size, 3);
  });

  it('counts each caller that has to wait, and no other', async () => {
    const { shelf, has } = givenShelf();
    const full = has(1);
    let waited = 0;
    const stock = given(shelf, 1, () => {
      waited += 1;
    });
    await full;
    await stock.take();
    assert.equal(waited, 0);
    // while the next one is made, two come at once
    await Promise.all([stock.take(), stock.take()]);
    assert.equal(waited, 2);
  });

  it('reports how many keys are ready after each count', async () => {
    const { shelf, has } = givenShelf();
    const full = has(2);
    const counted: number[] = [];
    const stock = openKeyStock({
      shelf,
      keyring,
      bits,
      target: () => 2,
      log: openLog('silent'),
      onCounted: (keys) => void counted.push(keys),
    });
    undo.later(() => stock.close());
    await full;
    await stock.filled();
    assert.deepEqual(counted, [0, 1, 2]);
    // when one is taken
    await stock.take();
    await stock.filled();
    // then the next look sees one less, and the last one a full stock
    assert.deepEqual(counted.slice(3), [1, 2]);
  });

  it('closes while the store still counts the keys, and makes no more keys', async () => {
    const { keys, shelf } = givenShelf();
    const counting = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<number>();
    const slow: KeyShelf = {
      ...shelf,
      countStockKeys() {
        counting.resolve();
        return answer.promise;
      },
    };
    const stock = given(slow, 1);
    await counting.promise;
    // when it is closed meanwhile
    const closed = stock.close();
    answer.resolve(0);
    await closed;
    assert.deepEqual(keys, []);
  });

  it('starts its worker when a key is missing, and stops it when none is', async () => {
    const { shelf } = givenShelf();
    const lives: string[] = [];
    const startWorker = (): KeyWorker => {
      lives.push('started');
      return { make: async () => aKey, stop: async () => void lives.push('stopped') };
    };
    let wanted = 0;
    const stock = openKeyStock({ shelf, keyring, bits, target: () => wanted, log: openLog('silent'), startWorker });
    undo.later(() => stock.close());
    await stock.filled();
    assert.deepEqual(lives, []);
    // when phones are to be bound here, after a reload
    wanted = 3;
    stock.fill();
    await stock.filled();
    assert.deepEqual([lives, await shelf.countStockKeys(bits)], [['started', 'stopped'], 3]);
    // when one is taken
    await stock.take();
    await stock.filled();
    assert.deepEqual([lives.length, await shelf.countStockKeys(bits)], [4, 3]);
  });

  it('starts another worker after one that ended, later each time, and one at the usual pace for a caller that waits', async () => {
    const { shelf } = givenShelf();
    const logged: string[] = [];
    const started: KeyWorkerPace[] = [];
    const startWorker = (pace: KeyWorkerPace): KeyWorker => {
      started.push(pace);
      return { make: async () => (pace === 'spare' ? Promise.reject(new Error('it ended')) : aKey), stop: async () => undefined };
    };
    const log = openLog('error', { write: (line: string) => void logged.push(line) });
    const stock = openKeyStock({ shelf, keyring, bits, target: () => 1, log, retryMs: 60_000, startWorker });
    undo.later(() => stock.close());
    await stock.filled();
    assert.deepEqual([started, logged.length], [['spare'], 1]);
    assert.match(logged[0] ?? '', /it ended/);
    const { publicKey } = await stock.take();
    assert.deepEqual([started.includes('usual'), publicKey], [true, aKey.publicKey]);
  });

  it('is filled again after a key was taken', async () => {
    const { shelf, has } = givenShelf();
    const first = has(1);
    const stock = given(shelf, 1);
    await first;
    const second = has(1);
    await stock.take();
    await second;
  });

  it('tries again when its shelf fails, and logs the failure', async () => {
    const { shelf, has } = givenShelf();
    const full = has(1);
    let failures = 2;
    const logged: string[] = [];
    const stock = openKeyStock({
      shelf: {
        ...shelf,
        countStockKeys: async (size) => (failures-- > 0 ? Promise.reject(new Error('no disk')) : shelf.countStockKeys(size)),
      },
      keyring,
      bits,
      target: () => 1,
      retryMs: 1,
      log: openLog('error', { write: (line: string) => void logged.push(line) }),
    });
    undo.later(() => stock.close());
    await full;
    assert.equal(logged.length, 2);
    assert.match(logged[0] ?? '', /no disk/);
  });
});
