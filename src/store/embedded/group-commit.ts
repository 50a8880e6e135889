import { GatewayFault } from '../../foundation/model/index.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

/** The part of a database that group commit needs. */
export type Executor = { exec(sql: string): void };

/**
 * Commits writes in groups. A write's promise resolves when its commit is on disk, and rejects when that is not
 * certain. Meanwhile the next group gathers.
 */
export type GroupCommit = {
  /** Runs `work` inside the transaction; when it throws, only this write is undone. */
  write<T>(work: () => T): Promise<T>;
  /** Resolves when everything committed so far is on disk; undefined when it already is. Rejects like a write. */
  durable(): Promise<void> | undefined;
  /** Resolves when all earlier writes are on disk and nothing is under way. */
  end(): Promise<void>;
};

type Waiting = { run(): void; resolve(): void; reject(error: unknown): void };

/** The maximum of writes per commit, so that one does not block the event loop for too long. */
export const groupSize = 64;

const unavailable = (cause: unknown): GatewayFault =>
  new GatewayFault('store-unavailable', 'The embedded store cannot write. Is its disk full or broken?', cause);

/** After one failed sync the disk's content is unknown: what is read now could be gone after a power cut. */
const lost = (cause: unknown): GatewayFault =>
  new GatewayFault('store-unavailable', 'The disk of the embedded store lost a write. Repair the disk, then restart the gateway.', cause);

/** Opens group commit on a database without other writers. */
export function openGroupCommit(database: Executor, wal: Pick<WriteAheadLog, 'sync' | 'isFull' | 'checkpoint'>): GroupCommit {
  const syncs = openSyncs(wal);
  const queue: Waiting[] = [];
  let isScheduled = false;
  // No commits until the log is checkpointed.
  let isLogFull = false;
  let checkpointing: Promise<void> | undefined;
  let broken: GatewayFault | undefined;

  const fail = (cause: unknown): void => {
    broken ??= lost(cause);
    for (const { reject } of queue.splice(0)) reject(broken);
  };
  // Commits during a sync have to wait for the next one, so only a full group gains by committing now.
  const mayCommit = (): boolean => queue.length > 0 && !isLogFull && (!syncs.pending() || queue.length >= groupSize);
  const schedule = (): void => {
    if (isScheduled || !mayCommit()) return;
    isScheduled = true;
    setImmediate(commit);
  };
  const commit = (): void => {
    isScheduled = false;
    if (!mayCommit()) return;
    const done = commitGroup(database, queue.splice(0, groupSize));
    if (done.length > 0) void settle(done);
    schedule();
  };
  const settle = async (done: readonly Waiting[]): Promise<void> => {
    try {
      isLogFull = wal.isFull();
      await syncs.afterCommit();
      for (const { resolve } of done) resolve();
      if (isLogFull && !syncs.pending()) await checkpoint();
    } catch (error) {
      fail(error);
      for (const { reject } of done) reject(broken);
    }
    schedule();
  };
  const checkpoint = async (): Promise<void> => {
    checkpointing ??= wal.checkpoint();
    await checkpointing;
    checkpointing = undefined;
    isLogFull = false;
  };
  const write = <T>(work: () => T): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (broken) return reject(broken);
      queue.push(waitingFor(work, resolve, reject));
      schedule();
    });
  return {
    write,
    durable: () => (broken ? Promise.reject(broken) : syncs.pending()),
    async end() {
      await write(() => undefined).catch(() => undefined);
      await checkpointing?.catch(() => undefined);
    },
  };
}

function waitingFor<T>(work: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): Waiting {
  let settle = (): void => undefined;
  return {
    run() {
      const value = work();
      settle = () => resolve(value);
    },
    resolve: () => settle(),
    reject,
  };
}

type Syncs = {
  /** Resolves when everything committed before the call is on disk. */
  afterCommit(): Promise<void>;
  /** The last sync that is running or queued. */
  pending(): Promise<void> | undefined;
};

/**
 * Runs one sync at a time; the next one covers all commits before its start. After a failed sync all later ones fail.
 */
function openSyncs(wal: Pick<WriteAheadLog, 'sync'>): Syncs {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    await wal.sync();
    current = next;
    next = undefined;
  };
  return {
    afterCommit() {
      if (!current) {
        current = run();
        return current;
      }
      next ??= current.then(run);
      return next;
    },
    pending: () => next ?? current,
  };
}

/** Commits one group and returns the writes that await the disk. The others were rejected. */
function commitGroup(database: Executor, group: readonly Waiting[]): readonly Waiting[] {
  try {
    database.exec('BEGIN IMMEDIATE');
    const done = runAll(group) ? group : runApart(database, group);
    database.exec('COMMIT');
    return done;
  } catch (error) {
    rollBack(database);
    for (const { reject } of group) reject(unavailable(error));
    return [];
  }
}

/** Runs the writes of a group; false when one throws. It will throw again in `runApart`. */
function runAll(group: readonly Waiting[]): boolean {
  try {
    for (const { run } of group) run();
    return true;
  } catch {
    return false;
  }
}

/**
 * Restarts the transaction with a savepoint per write. SQLite copies every page for savepoints, so only groups with a
 * failing write use them.
 */
function runApart(database: Executor, group: readonly Waiting[]): readonly Waiting[] {
  rollBack(database);
  database.exec('BEGIN IMMEDIATE');
  return group.filter((waiting) => runOne(database, waiting));
}

/** Runs one write in a savepoint; when it throws, undoes only this write and returns false. */
function runOne(database: Executor, { run, reject }: Waiting): boolean {
  database.exec('SAVEPOINT one');
  try {
    run();
  } catch (error) {
    database.exec('ROLLBACK TO one');
    database.exec('RELEASE one');
    reject(unavailable(error));
    return false;
  }
  database.exec('RELEASE one');
  return true;
}

function rollBack(database: Executor): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // No transaction is open, or SQLite has rolled it back already.
  }
}
