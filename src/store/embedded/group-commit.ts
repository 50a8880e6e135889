import { GatewayFault } from '../../foundation/model/index.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

/** The part of a database that group commit needs. */
export type Executor = { exec(sql: string): void };

/**
 * Commits writes in groups. A write's promise resolves when the disk has its commit, and rejects when that is not certain. The next group gathers meanwhile.
 */
export type GroupCommit = {
  /** `work` runs inside the transaction, in a savepoint of its own: when it throws, it alone is undone. */
  write<T>(work: () => T): Promise<T>;
  /** Resolves when the disk has all that is committed now; undefined when it has. Rejects as a write does. */
  durable(): Promise<void> | undefined;
  /** Resolves when the disk has what was written before, and nothing is under way. */
  end(): Promise<void>;
};

type Waiting = { run(): void; resolve(): void; reject(error: unknown): void };

/** The most writes of one commit: more would block the event loop for too long. */
export const groupSize = 64;

const unavailable = (cause: unknown): GatewayFault =>
  new GatewayFault('store-unavailable', 'The embedded store cannot write. Is its disk full or broken?', cause);

/** Nobody knows what a disk has that failed once to take it: what is read would perhaps be gone after a power cut. */
const lost = (cause: unknown): GatewayFault =>
  new GatewayFault('store-unavailable', 'The disk of the embedded store lost a write. Restart the gateway when the disk is mended.', cause);

/** Opens group commit on a database that nobody else writes to. */
export function openGroupCommit(database: Executor, wal: Pick<WriteAheadLog, 'sync' | 'isFull' | 'checkpoint'>): GroupCommit {
  const syncs = openSyncs(wal);
  const queue: Waiting[] = [];
  let isScheduled = false;
  // No commit from here on until the log was checkpointed.
  let isLogFull = false;
  let checkpointing: Promise<void> | undefined;
  let broken: GatewayFault | undefined;

  const fail = (cause: unknown): void => {
    broken ??= lost(cause);
    for (const { reject } of queue.splice(0)) reject(broken);
  };
  // What is committed during a sync waits for the next one: only a full group has nothing to gather until then.
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
  /** Resolves when the disk has what was committed before the call. */
  afterCommit(): Promise<void>;
  /** The last sync that is under way or waits for its turn. */
  pending(): Promise<void> | undefined;
};

/** One sync at a time; the next one serves all that is committed before it begins. After one that failed all fail. */
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

/** Commits one group; those of it that await the disk. The others were rejected. */
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

/** Runs the writes of a group; false when one of them throws, which it does again when it runs apart. */
function runAll(group: readonly Waiting[]): boolean {
  try {
    for (const { run } of group) run();
    return true;
  } catch {
    return false;
  }
}

/** Begins the transaction anew, with a savepoint for each write: SQLite copies every page for these, so that only a group with a write that throws has them. */
function runApart(database: Executor, group: readonly Waiting[]): readonly Waiting[] {
  rollBack(database);
  database.exec('BEGIN IMMEDIATE');
  return group.filter((waiting) => runOne(database, waiting));
}

/** Runs one write in a savepoint; false, and it alone is undone, when it throws. */
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
    // Nothing was begun, or SQLite has rolled back already: either way nothing of the group is left.
  }
}
