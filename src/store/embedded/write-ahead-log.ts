import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { type Log, thrownFields } from '../../foundation/telemetry/index.ts';

/** SQLite's write-ahead log beside the file of the store: COMMIT leaves it to the operating system, and we see to it that the disk has it. */
export type WriteAheadLog = {
  /** Resolves when the disk has all that was committed before the call; rejects when the disk may not have it. */
  sync(): Promise<void>;
  /** True when the log is to be checkpointed before it grows any longer. */
  isFull(): boolean;
  /**
   * Copies the log into the database file, so that the next commit begins it anew; nothing may be committed before the promise is settled. Rejects when the
   * disk may not have the file as it is now. What cannot be copied, on a full disk for one, stays in the log until that has grown by as much again.
   */
  checkpoint(): Promise<void>;
  /** Ends the use of both files, after the database was closed. */
  close(): void;
};

/** Pages in the log when it is to be checkpointed: 4 MB of 4 kB each, about 5 ms of copying. */
const longestLog = 1000;

/** Older versions of SQLite cannot say how long the log is: they checkpoint by themselves, and make the event loop wait for the disk. */
const canTellLength = process.versions.sqlite !== undefined && isAtLeast(process.versions.sqlite, [3, 51]);

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}

const syncFile = promisify(fdatasync);

/**
 * Takes over from SQLite when the log reaches the disk. What another process left in the log, and perhaps not on the disk, is in the synced database file
 * before this returns.
 * @see docs/decisions/writes-off-the-loop.md
 */
export function openWriteAheadLog(database: DatabaseSync, path: string, log: Log): WriteAheadLog {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = NORMAL');
  if (canTellLength) database.exec('PRAGMA wal_autocheckpoint = 0');
  const logFile = openSync(`${path}-wal`, 'r+');
  // Closed after the database alone: closing any descriptor of this file gives up the lock that the process has on it.
  const databaseFile = openSync(path, 'r+');
  const lengthOf = database.prepare('PRAGMA wal_checkpoint(NOOP)');
  const copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  const length = (): number => Number(lengthOf.get()?.log);
  let full = longestLog;
  return {
    sync: () => syncFile(logFile),
    isFull: () => canTellLength && length() >= full,
    async checkpoint() {
      // The log was synced before; the database file is, off the loop, before the log is overwritten.
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
