import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { GatewayFault, type PushToken, type Transaction } from '../../foundation/model/index.ts';
import type { StoreOperation } from '../store.ts';
import { openGroupCommit } from './group-commit.ts';
import type { OwnedDatabase } from './open.ts';
import { openRecordCache, type RecordCache } from './record-cache.ts';

/** One row from SQLite. */
export type Row = Record<string, unknown>;

/** Called after every operation with its name, outcome and duration in seconds. */
export type OnOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void;

/** The common parts of the store: prepared statements, reads, and writes that are committed in groups. */
export type Session = {
  /** One row, or undefined. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** Returns the number of changed rows. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** Caches of recently read push tokens and transactions; a writer removes the record first. */
  readonly tokens: RecordCache<PushToken>;
  readonly transactions: RecordCache<Transaction>;
  /**
   * Runs a read at once, on committed data only. The promise resolves when everything that it may have seen is on disk.
   */
  read<T>(op: StoreOperation, work: () => T): Promise<T>;
  /** Runs a write with its group; the promise resolves when the commit is on disk. */
  write<T>(op: StoreOperation, work: () => T): Promise<T>;
  /** Accepts no more operations, and resolves when all earlier writes are on disk. */
  end(): Promise<void>;
};

/** About 10 kB each. */
const mostRecent = 500;

/** Opens a session on a database owned by this process alone. */
export function openSession({ database, wal }: OwnedDatabase, onOperation: OnOperation = () => undefined): Session {
  const statements = new Map<string, StatementSync>();
  let ended = false;
  const prepared = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  // Prepared, since every group executes these few statements.
  const commits = openGroupCommit({ exec: (sql) => void prepared(sql).run() }, wal);
  const timed = async <T>(op: StoreOperation, work: () => T | Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      if (ended) throw new Error('the store is closed');
      const value = await work();
      onOperation(op, 'ok', (performance.now() - start) / 1000);
      return value;
    } catch (error) {
      onOperation(op, 'fault', (performance.now() - start) / 1000);
      throw error instanceof GatewayFault ? error : new GatewayFault('store-unavailable', `The embedded store failed at ${op}`, error);
    }
  };
  return {
    get: (sql, ...values) => prepared(sql).get(...values),
    all: (sql, ...values) => prepared(sql).all(...values),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    tokens: openRecordCache(mostRecent),
    transactions: openRecordCache(mostRecent),
    read: (op, work) =>
      timed(op, () => {
        const value = work();
        const durable = commits.durable();
        return durable ? durable.then(() => value) : value;
      }),
    write: (op, work) => timed(op, () => commits.write(work)),
    end() {
      ended = true;
      return commits.end();
    },
  };
}
