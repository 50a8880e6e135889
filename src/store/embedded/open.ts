import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GatewayFault, systemCode } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import { StoreInUse } from '../store.ts';
import { applicationId, migrations } from './schema.ts';
import { openWriteAheadLog, type WriteAheadLog } from './write-ahead-log.ts';

const magic = 'SQLite format 3\0';
const applicationIdOffset = 68;
const headerBytes = 100;

const refuse = (message: string, cause?: unknown): GatewayFault => new GatewayFault('config-invalid', message, cause);

/** An open database with its write-ahead log, owned by this process alone. `close` releases it. */
export type OwnedDatabase = { database: DatabaseSync; wal: WriteAheadLog; close(): void };

type Opening = { path: string; log: Log; onMigrated?: ((from: number) => void) | undefined };

/**
 * Opens or creates the store's file in WAL mode, locked until this process ends in any way. On return, its whole
 * content is on disk. Throws `config-invalid` with one sentence and leaves the file unchanged when it is in use,
 * damaged, not a store, or of a newer version.
 */
export function openDatabase({ path, log, onMigrated }: Opening): OwnedDatabase {
  prepareFile(path);
  checkContent(path);
  const database = new DatabaseSync(path);
  let wal: WriteAheadLog;
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0');
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    // The first write takes the lock permanently; only then may we write the owner file.
    const from = migrate(database);
    if (from > 0 && from < migrations.length) onMigrated?.(from);
    // Earlier lease holders are gone, since this process owns the file.
    database.exec('UPDATE transactions SET effects_due = 0 WHERE effects_due IS NOT NULL; UPDATE audit_notes SET due = 0');
    writeFileSync(ownerFile(path), JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), { mode: 0o600 });
    wal = openWriteAheadLog(database, path, log);
  } catch (error) {
    database.close();
    throw error instanceof GatewayFault ? error : explain(error, path);
  }
  return {
    database,
    wal,
    close() {
      database.close();
      wal.close();
      rmSync(ownerFile(path), { force: true });
    },
  };
}

const ownerFile = (path: string): string => `${path}.owner`;

function prepareFile(path: string): void {
  try {
    // Only the last folder: a recursive mkdir hangs in Node where part of a path cannot be made, for example below
    // /proc.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    throw refuse(
      `Cannot write the store ${path} (${systemCode(error)}). Make its folder writable for this user, or configure another path.`,
      error,
    );
  }
  if (statSync(path).size === 0) return;
  const header = Buffer.alloc(headerBytes);
  const file = openSync(path, 'r');
  readSync(file, header, 0, headerBytes, 0);
  closeSync(file);
  if (header.toString('latin1', 0, magic.length) !== magic || header.readUInt32BE(applicationIdOffset) !== applicationId) {
    throw refuse(`${path} is not a store of pushgate; it was left unchanged. Configure another file in store.path.`);
  }
}

/** Checks a file read-only: after a write access, closing would fold the log into the file, even into a damaged one. */
function checkContent(path: string): void {
  if (statSync(path).size === 0) return;
  const made = ['-wal', '-shm'].map((ending) => `${path}${ending}`).filter((file) => !existsSync(file));
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    database.exec('PRAGMA busy_timeout = 0');
    const check = database.prepare('PRAGMA quick_check(1)').get();
    if (check?.quick_check !== 'ok') throw refuse(`The store ${path} is damaged; it was left unchanged. Restore a backup.`);
    const found = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (found > migrations.length)
      throw refuse(`The store ${path} was made by a newer version of pushgate (schema ${found}); it was left unchanged. Run that version.`);
  } catch (error) {
    throw error instanceof GatewayFault ? error : explain(error, path);
  } finally {
    database.close();
    for (const file of made) rmSync(file, { force: true });
  }
}

/** Returns the schema version that was found; 0 in a new file. */
function migrate(database: DatabaseSync): number {
  const from = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  database.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(from)) typeof step === 'string' ? database.exec(step) : step(database);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
  database.exec('COMMIT');
  return from;
}

function explain(error: unknown, path: string): GatewayFault {
  const message = error instanceof Error ? error.message : String(error);
  if (/locked|busy/i.test(message)) return new StoreInUse(path, ownerOf(path), error);
  if (/malformed|not a database|corrupt/i.test(message))
    return refuse(`The store ${path} is damaged; it was left unchanged. Restore a backup.`, error);
  return refuse(`Cannot open the store ${path} (${message}).`, error);
}

function ownerOf(path: string): string {
  if (!existsSync(ownerFile(path))) return 'another process';
  try {
    const { pid, since }: { pid?: unknown; since?: unknown } = JSON.parse(readFileSync(ownerFile(path), 'utf8'));
    return `process ${String(pid)} since ${String(since)}`;
  } catch {
    return 'another process';
  }
}
