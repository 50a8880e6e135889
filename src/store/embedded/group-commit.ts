import { GatewayFault } from '../../foundation/model/index.ts';

/** The part of a database that group commit needs. */
export type Executor = { exec(sql: string): void };

/** Takes writes and commits those of one tick together. A write's promise resolves after its COMMIT, and rejects when that fails. */
export type GroupCommit = {
  /** `work` runs inside the transaction, in a savepoint of its own: when it throws, it alone is undone. */
  write<T>(work: () => T): Promise<T>;
  /** Commits what is waiting, now. */
  flush(): void;
};

type Waiting = { run(): void; resolve(): void; reject(error: unknown): void };

/** The most writes that one commit makes durable: more would let the first of them wait too long. */
export const groupSize = 64;

const unavailable = (cause: unknown): GatewayFault =>
  new GatewayFault('store-unavailable', 'The embedded store cannot write. Is its disk full or broken?', cause);

/** Opens group commit on a database that nobody else writes to. */
export function openGroupCommit(database: Executor): GroupCommit {
  let queue: Waiting[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  const commitGroup = (group: readonly Waiting[]): void => {
    const done: Waiting[] = [];
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const waiting of group) if (runOne(database, waiting)) done.push(waiting);
      database.exec('COMMIT');
    } catch (error) {
      rollBack(database);
      for (const { reject } of group) reject(unavailable(error));
      return;
    }
    for (const { resolve } of done) resolve();
  };
  const flush = (): void => {
    clearImmediate(scheduled);
    scheduled = undefined;
    const group = queue.slice(0, groupSize);
    queue = queue.slice(groupSize);
    if (group.length > 0) commitGroup(group);
    if (queue.length > 0) scheduled = setImmediate(flush);
  };
  return {
    write: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        let settle = (): void => undefined;
        const run = (): void => {
          const value = work();
          settle = () => resolve(value);
        };
        queue.push({ run, resolve: () => settle(), reject });
        scheduled ??= setImmediate(flush);
      }),
    flush() {
      while (queue.length > 0) flush();
    },
  };
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
