import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { foldedKey } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { forgetOwnerKeys, givenDevice, givenPushToken, givenTransaction, keysOf } from '../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { storeConformance } from '../conformance.ts';

const open = (path: string): Promise<Store> => openEmbeddedStore({ path, log: openLog('silent') });

storeConformance('The embedded store', async () => {
  const undo = cleanup();
  const path = join(temporaryFolder(undo), 'data', 'pushgate.db');
  const fixture = {
    store: await open(path),
    async reopen() {
      await fixture.store.close();
      fixture.store = await open(path);
      return fixture.store;
    },
    async dispose() {
      await fixture.store.close();
      await undo.run();
    },
  };
  return fixture;
});

/** Sets the largest size of a file that this process may write, in bytes; the hard limit stays. */
function limitFileSize(bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

describe('The file of the embedded store', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('fails a probe while its disk is full, though reads work, and passes the next one when there is room again', async function () {
    if (process.platform !== 'linux') return this.skip();
    const store = await open(await givenStoreFile());
    undo.later(() => store.close());
    await store.probe('one', 1);
    // given a system that refuses every write of this process, as on a full disk
    limitFileSize('0');
    try {
      // when a probe comes, then it fails
      await assert.rejects(store.probe('one', 2), { code: 'store-unavailable', message: /disk full/ });
      assert.equal((await store.findToken('S7'))?.serial, 'S7');
    } finally {
      limitFileSize('unlimited');
    }
    await store.probe('one', 3);
  });

  it('reads a push token as the file has it, after every kind of change', async () => {
    const store = await open(await givenStoreFile());
    undo.later(() => store.close());
    await store.addToken(givenPushToken({ serial: 'T', serverKey: { publicKey: 'p', sealedPrivateKey: 's' } }));
    const read = async (serial: string) => (await store.findToken(serial)) ?? assert.fail();
    const writes: Record<string, (serial: string) => Promise<unknown>> = {
      'a change': (serial) => store.changeToken(serial, 0, { description: 'other' }),
      'a change that came too late': (serial) => store.changeToken(serial, 0, { description: 'third' }),
      'a failure': (serial) => store.countFailure([serial], 5),
      'a login': (serial) => store.countLogin(serial, 6, 'e'),
      'a failure too many': (serial) =>
        store.countFailure(
          Array.from({ length: 10 }, () => serial),
          7,
        ),
      'another seal': async (serial) => store.reseal({ kind: 'token', token: await read(serial) }, 't'),
      'an import': async (serial) => store.importRecords([{ kind: 'token', token: { ...(await read(serial)), description: 'imported' } }]),
      'a removal': (serial) => store.removeToken(serial),
      'a second life': (serial) => store.addToken(givenPushToken({ serial, description: 'again' })),
    };
    for (const [name, write] of Object.entries(writes)) {
      const before = await store.findToken('T');
      await write('T');
      const [record] = await store.recordsOf('token', 'S99', 1);
      const there = record?.kind === 'token' && record.token.serial === 'T' ? record.token : undefined;
      assert.deepEqual(await store.findToken('T'), there, name);
      assert.deepEqual(
        (await store.tokensOf(keysOf('alice'))).find(({ serial }) => serial === 'T'),
        there,
        name,
      );
      assert.equal(name === 'a change that came too late', isDeepStrictEqual(before, there), name);
    }
    // and a change of a returned record does not affect other readers
    const token = await read('T');
    assert.throws(() => Object.assign(token.phone.part, { key: 'mine' }), TypeError);
    assert.throws(() => Object.assign(token.addresses, { 0: 'mine' }), TypeError);
  });

  it('reads a transaction as the file has it, after every kind of change', async () => {
    const store = await open(await givenStoreFile());
    undo.later(() => store.close());
    const { id, decision } = givenTransaction();
    await store.addTransaction(givenTransaction());
    const decide = (expected: number, state: 'accepted' | 'consumed') =>
      store.decide(id, expected, { ...decision, state, version: expected + 1 }, [], 5);
    const writes: Record<string, () => Promise<unknown>> = {
      'a decision': () => decide(0, 'accepted'),
      'a decision that came too late': () => decide(0, 'consumed'),
      'the next one': () => decide(1, 'consumed'),
      'an import': () =>
        store.importRecords([{ kind: 'transaction', transaction: givenTransaction({ user: 'bob' }), trail: [], effects: [] }]),
      'a sweep': () => store.sweep(5000, 1),
      'a second life': () => store.addTransaction(givenTransaction({ user: 'carol' })),
    };
    for (const [name, write] of Object.entries(writes)) {
      const before = await store.findTransaction(id);
      await write();
      const [record] = await store.recordsOf('transaction', undefined, 1);
      const there = record?.kind === 'transaction' ? record.transaction : undefined;
      assert.deepEqual(await store.findTransaction(id), there, name);
      assert.deepEqual(await store.findByHandle('pipush', 'NONCE1'), there, name);
      const open = there?.decision.state === 'open' ? [there] : [];
      assert.deepEqual(await store.openTransactionsOf('PIPU00010001', 2), open, name);
      assert.equal(name === 'a decision that came too late', isDeepStrictEqual(before, there), name);
    }
  });

  it('reads the old push token after a change is rolled back on a full disk', async function () {
    if (process.platform !== 'linux') return this.skip();
    const store = await open(await givenStoreFile());
    undo.later(() => store.close());
    const before = await store.findToken('S7');
    limitFileSize('0');
    try {
      await assert.rejects(store.changeToken('S7', 0, { description: 'never' }), { code: 'store-unavailable' });
      assert.deepEqual(await store.findToken('S7'), before);
    } finally {
      limitFileSize('unlimited');
    }
    assert.equal(await store.changeToken('S7', 0, { description: 'now' }), 'changed');
    assert.equal((await store.findToken('S7'))?.description, 'now');
  });

  const givenStoreFile = async (): Promise<string> => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const store = await open(path);
    for (let index = 0; index < 200; index += 1)
      await store.addToken(givenPushToken({ serial: `S${index}`, description: 'x'.repeat(200) }));
    await store.close();
    return path;
  };

  /** Opening is refused with one sentence, and every file beside it is unchanged. */
  const assertRefused = async (path: string, sentence: RegExp): Promise<void> => {
    const folder = join(path, '..');
    const before = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]);
    await assert.rejects(open(path), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'config-invalid');
      assert.match(error.message, sentence);
      assert.ok(!error.message.includes('\n') && error.message.includes(path));
      return true;
    });
    assert.deepEqual(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
      before,
    );
  };

  it('is readable by its user only, and leaves no other file beside it', async () => {
    const path = await givenStoreFile();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(path, '..')), ['pushgate.db']);
  });

  it('is refused when it is not a database, and stays unchanged', async () => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    writeFileSync(path, 'a letter to somebody');
    await assertRefused(path, /is not a store of pushgate/);
  });

  it("is refused when it is another program's database, and stays unchanged", async () => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE precious (a)');
    database.close();
    await assertRefused(path, /is not a store of pushgate/);
  });

  it('is refused when it is truncated or overwritten, and stays unchanged', async () => {
    const path = await givenStoreFile();
    const whole = `${path}.whole`;
    copyFileSync(path, whole);
    truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
    await assertRefused(path, /is damaged/);
    const bytes = readFileSync(whole);
    bytes.fill(0xaa, 4096, 4096 * 4);
    writeFileSync(path, bytes);
    await assertRefused(path, /is damaged/);
  });

  it('is refused when it is damaged and its log is still there, as after a kill, and stays unchanged', async () => {
    // given a store with a log, and pages of the file overwritten
    const path = await givenStoreFile();
    const database = new DatabaseSync(path);
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; UPDATE accounts SET created_at = 2; CREATE TABLE more (a); INSERT INTO more VALUES (1)',
    );
    for (const ending of ['', '-wal']) copyFileSync(`${path}${ending}`, `${path}.copy${ending}`);
    database.close();
    const bytes = readFileSync(`${path}.copy`);
    bytes.fill(0xaa, 4096, 4096 * 4);
    writeFileSync(path, bytes);
    copyFileSync(`${path}.copy-wal`, `${path}-wal`);
    await assertRefused(path, /is damaged/);
  });

  it('is refused when a newer version made it, and stays unchanged', async () => {
    const path = await givenStoreFile();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 99');
    database.close();
    await assertRefused(path, /newer version/);
  });

  it('gains the tables and columns that an older version lacked, and keeps the rest', async () => {
    const path = await givenStoreFile();
    forgetOwnerKeys(path);
    const database = new DatabaseSync(path);
    database.exec('DROP TABLE partition_keys; DROP TABLE devices; PRAGMA user_version = 1');
    const before = database.prepare('SELECT count(*) AS n FROM tokens').get()?.n;
    database.exec("INSERT INTO accounts (name, password_hash, created_at) VALUES ('admin', 'h', 1)");
    database.close();
    const store = await open(path);
    assert.equal(await store.addPartitionKey({ id: 'linotp:0', publicKey: 'p', sealedSeed: 's' }), 'added');
    // and finds push tokens by the exact name, and without regard to case
    assert.deepEqual([(await store.tokensOf(keysOf('alice'))).length, (await store.tokensOf(keysOf('Alice'))).length], [before, 0]);
    assert.equal((await store.tokensOf([foldedKey({ user: 'ALICE', realm: 'corp' })])).length, before);
    assert.equal((await store.listTokens({ user: 'ALI*' }, { offset: 0, limit: 1, sortBy: 'serial', descending: false })).count, before);
    assert.equal((await store.listTokens({}, { offset: 0, limit: 1, sortBy: 'serial', descending: false })).count, before);
    // and an account of that time may log in, until it is disabled
    assert.deepEqual(await store.listAccounts(), [{ name: 'admin', passwordHash: 'h', createdAt: 1 }]);
    await store.changeAccount('admin', { disabled: true });
    assert.equal((await store.findAccount('admin'))?.disabled, true);
    await store.close();
  });

  it('keeps push tokens and logins unchanged through a migration', async () => {
    // given a store of an older version with a push token that failed and logged in, one that did not, a login, a key
    // of the stock and a device
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const store = await open(path);
    for (const [index, serial] of ['S1', 'S2'].entries())
      await store.addToken(givenPushToken({ serial, owner: { user: 'alice', realm: 'corp', resolver: 'people' }, loginCount: index }));
    await store.countLogin('S2', 5, 'e1');
    await store.countFailure(
      Array.from({ length: 10 }, () => 'S2'),
      7,
    );
    await store.addTransaction(givenTransaction({ foreignId: 'f' }));
    await store.addStockKey({ id: 'k', bits: 3072, publicKey: 'p', sealedPrivateKey: 's' });
    await store.putDevice(givenDevice({ deadSince: 3 }), undefined);
    const contents = async (from: Store) => ({
      tokens: await from.recordsOf('token', undefined, 10),
      transactions: await from.recordsOf('transaction', undefined, 10),
      keys: await from.recordsOf('stock-key', undefined, 10),
      devices: await from.recordsOf('device', undefined, 10),
    });
    const before = await contents(store);
    await store.close();
    forgetOwnerKeys(path);
    // when a newer version opens it
    const upgraded = await open(path);
    undo.later(() => upgraded.close());
    // then all of it is there, and new writes work
    assert.deepEqual(await contents(upgraded), before);
    assert.deepEqual((await upgraded.findToken('S2'))?.lastLogin, { at: 5, effect: 'e1' });
    assert.deepEqual([(await upgraded.findToken('S2'))?.exceededAt, (await upgraded.findToken('S2'))?.loginCount], [7, 2]);
    assert.equal((await upgraded.openTransactionsOf('PIPU00010001', 2)).length, 1);
    assert.equal(await upgraded.addTransaction(givenTransaction({ id: 'other', foreignId: 'f' })), 'taken');
    assert.equal(await upgraded.sweep(5000, 10), 1);
    assert.deepEqual(await upgraded.openTransactionsOf('PIPU00010001', 2), []);
    assert.equal(await upgraded.addTransaction(givenTransaction()), 'added');
  });

  it('is locked by one process, which the error for the next one names', async () => {
    const path = await givenStoreFile();
    const first = await open(path);
    await assert.rejects(open(path), (error: Error) => error.message.includes(`process ${process.pid}`));
    await first.close();
    await (await open(path)).close();
  });

  it('keeps its log short however much is written, and has all of it when it is opened again', async () => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    const store = await open(path);
    const serials = Array.from({ length: 3000 }, (_, index) => `S${index}`);
    let longest = 0;
    // when enough is written, at once and in sequence, for a log of many times that length
    for (const some of [serials.slice(0, 2500), ...serials.slice(2500).map((serial) => [serial])]) {
      await Promise.all(some.map((serial) => store.addToken(givenPushToken({ serial, description: 'x'.repeat(3000) }))));
      longest = Math.max(longest, statSync(`${path}-wal`).size);
    }
    assert.ok(longest < 6_000_000, `${longest} bytes`);
    assert.ok(statSync(path).size > 9_000_000);
    await store.close();
    const again = await open(path);
    assert.equal(await again.countTokens('push'), serials.length);
    await again.close();
  });

  it('is created from an empty file', async () => {
    const path = join(temporaryFolder(undo), 'pushgate.db');
    writeFileSync(path, '');
    const store = await open(path);
    assert.equal(await store.countTokens('push'), 0);
    await store.close();
  });
});
