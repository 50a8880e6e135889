import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openWriteAheadLog } from '../../../src/store/embedded/write-ahead-log.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('The write-ahead log of the embedded store', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A database with a log, as SQLite keeps it by itself. */
  const givenDatabase = () => {
    const path = join(temporaryFolder(undo), 'numbers.db');
    const database = new DatabaseSync(path);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT)');
    const insert = database.prepare("INSERT INTO numbers (text) VALUES (hex(zeroblob(2500)) || '')");
    const setting = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    /** The rows of the file without its log. */
    const countInFile = (): number => {
      const copy = `${path}.copy`;
      copyFileSync(path, copy);
      const alone = new DatabaseSync(copy);
      const count = Number(alone.prepare('SELECT count(*) AS n FROM numbers').get()?.n);
      alone.close();
      return count;
    };
    const openWal = () => {
      const wal = openWriteAheadLog(database, path, openLog('silent'));
      undo.later(() => {
        database.close();
        wal.close();
      });
      return wal;
    };
    return { path, insert, setting, countInFile, openWal };
  };

  const givenLog = () => {
    const given = givenDatabase();
    const wal = given.openWal();
    const fill = (): number => {
      let written = 0;
      for (; !wal.isFull() && written < 5000; written += 1) given.insert.run();
      return written;
    };
    return { ...given, wal, fill };
  };

  it('is moved into the file at opening when another process left it', () => {
    const { path, insert, countInFile, openWal } = givenDatabase();
    for (let n = 0; n < 10; n += 1) insert.run();
    assert.ok(statSync(`${path}-wal`).size > 0);
    openWal();
    assert.deepEqual([statSync(`${path}-wal`).size, countInFile()], [0, 10]);
  });

  it('is synced by SQLite only where it begins, before and after a checkpoint', async () => {
    const { setting, wal, insert } = givenLog();
    const normal = 1;
    assert.equal(setting('synchronous'), normal);
    insert.run();
    await wal.checkpoint();
    assert.equal(setting('synchronous'), normal);
  });

  it('is in the file after a checkpoint, and starts over', async () => {
    const { path, insert, wal, fill, countInFile } = givenLog();
    // given a log that is full
    const written = fill();
    const size = statSync(`${path}-wal`).size;
    assert.ok(size > 3_000_000 && size < 5_000_000, `${size} bytes`);
    await wal.sync();
    // when it is checkpointed, then all of it is in the file, and it stops growing
    await wal.checkpoint();
    assert.equal(countInFile(), written);
    insert.run();
    assert.equal(wal.isFull(), false);
    fill();
    assert.ok(statSync(`${path}-wal`).size < size + 100_000);
  });

  it('stays unchanged on a full disk, and is checkpointed again when it has grown by as much', async function () {
    if (process.platform !== 'linux') return this.skip();
    const { wal, fill, insert, countInFile } = givenLog();
    const written = fill();
    const limit = (bytes: string) => assert.equal(spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:`]).status, 0);
    limit('0');
    try {
      await wal.checkpoint();
    } finally {
      limit('unlimited');
    }
    assert.equal(wal.isFull(), false);
    const more = fill();
    assert.ok(more > written * 0.9, `${more} after ${written}`);
    await wal.checkpoint();
    assert.equal(countInFile(), written + more);
    insert.run();
    assert.equal(wal.isFull(), false);
  });
});
