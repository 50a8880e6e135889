import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { type Log, thrownFields } from '../../foundation/telemetry/index.ts';

/** SQLite's write-ahead log. COMMIT leaves the log to the operating system; this module syncs it to disk. */
export type WriteAheadLog = {
  /** Resolves when everything committed before the call is on disk; rejects when that is not certain. */
  sync(): Promise<void>;
  /** True when the log should be checkpointed before it grows further. */
  isFull(): boolean;
  /**
   * Copies the log into the database file, so that the next commit restarts it. Nothing may be committed until the
   * promise is settled. Rejects when the file may not be on disk. If copying fails, for example on a full disk, the log
   * stays until it has grown by the same amount again.
   */
  checkpoint(): Promise<void>;
  /** Closes both files; call it after the database was closed. */
  close(): void;
};

/** Pages in the log at a checkpoint: 4 MB of 4 kB pages, about 5 ms of copying. */
const longestLog = 1000;

/** Older versions of SQLite do not report the log's length: they checkpoint by themselves and block the event loop. */
const canTellLength = process.versions.sqlite !== undefined && isAtLeast(process.versions.sqlite, [3, 51]);

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}

const syncFile = promisify(fdatasync);

/**
 * Takes over syncing from SQLite. Data that another process left in the log, perhaps unsynced, is in the synced
 * database file when this returns.
 * @see docs/decisions/writes-off-the-loop.md
 */
export function openWriteAheadLog(database: DatabaseSync, path: string, log: Log): WriteAheadLog {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = NORMAL');
  if (canTellLength) database.exec('PRAGMA wal_autocheckpoint = 0');
  const logFile = openSync(`${path}-wal`, 'r+');
  // Close it only after the database: closing any descriptor of this file releases the process's lock.
  const databaseFile = openSync(path, 'r+');
  const lengthOf = database.prepare('PRAGMA wal_checkpoint(NOOP)');
  const copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const length = (): number => Number(lengthOf.get()?.log);
  let full = longestLog;
  return {
    sync: () => syncFile(logFile),
    isFull: () => canTellLength && length() >= full,
    async checkpoint() {
      // The log was synced before. The database file is synced off the event loop, before the log is overwritten.
      database.exec('PRAGMA synchronous = OFF');
      try {
        copy.get();
        full = longestLog;
      } catch (error) {
        full = length() + longestLog;
        log.warn({ path, ...thrownFields(error) }, 'the log of the embedded store was not checkpointed');
      } finally {
        database.exec('PRAGMA synchronous = NORMAL');
      }
      await syncFile(databaseFile);
    },
    close() {
      closeSync(logFile);
      closeSync(databaseFile);
    },
  };
}
