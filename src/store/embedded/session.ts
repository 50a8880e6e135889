import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { GatewayFault, type PushToken, type Transaction } from '../../foundation/model/index.ts';
import type { StoreOperation } from '../store.ts';
import { openGroupCommit } from './group-commit.ts';
import type { OwnedDatabase } from './open.ts';
import { openRecent, type Recent } from './recent.ts';

/** One row as SQLite gives it. */
export type Row = Record<string, unknown>;

/** Told of every operation: its name, how it ended, and how long it took in seconds. */
export type OnOperation = (op: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void;

/** What the parts of the store share: prepared statements, reads, and writes that are committed in groups. */
export type Session = {
  /** One row, or undefined. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** How many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** The push tokens and transactions that were read last: who writes one forgets it. */
  readonly tokens: Recent<PushToken>;
  readonly transactions: Recent<Transaction>;
  /** Runs a read at once: it sees what was committed, never a group that is being written. The promise resolves when the disk has all that it may have seen. */
  read<T>(op: StoreOperation, work: () => T): Promise<T>;
  /** Runs a write with its group; the promise resolves when the disk has its commit. */
  write<T>(op: StoreOperation, work: () => T): Promise<T>;
  /** Takes nothing more, and resolves when the disk has what was written before. */
  end(): Promise<void>;
};

/** Some 10 kB each. */
const mostRecent = 500;

/** Opens a session on a database that this process alone holds. */
export function openSession({ database, wal }: OwnedDatabase, onOperation: OnOperation = () => undefined): Session {
  const statements = new Map<string, StatementSync>();
  let ended = false;
  const prepared = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  // Prepared, since every write of every group passes through these few words.
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
    tokens: openRecent(mostRecent),
    transactions: openRecent(mostRecent),
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
