import { type Db, MongoClient, MongoCompatibilityError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { Uniqueness } from './collections.ts';
import { databaseOf } from './config.ts';
import { isOutage } from './faults.ts';

/** Where the database is, and how long we wait for it. `database` as the configuration sets it, if it does. */
export type ClientOptions = {
  url: string;
  database?: string | undefined;
  maxPoolSize: number;
  serverSelectionTimeoutMs: number;
  operationTimeoutMs: number;
};

/** A connected database; `uniqueBy` is what this topology needs. */
export type Connected = { client: MongoClient; db: Db; uniqueBy: Uniqueness };

/** AuthenticationFailed, and what Atlas says for it. */
const authenticationFailed: readonly unknown[] = [18, 8000];
/** That of MongoDB 6.0. */
const oldestWireVersion = 17;

/**
 * Connects. What is acknowledged is in the journal of a majority, and no reader sees anything else. A write whose acknowledgement was lost
 * is sent once more by the driver under the same number, and the server does it once.
 * Throws `config-invalid` for an address that cannot be read and refused credentials, `store-unavailable` when no server answers.
 * @see docs/decisions/lost-acknowledgements.md
 */
export async function connect({ url, database, ...limits }: ClientOptions): Promise<Connected> {
  const client = clientOf(url, limits);
  try {
    await client.connect();
    const db = client.db(databaseOf({ url, database }));
    const hello = await db.command({ hello: 1 });
    if (Number(hello.maxWireVersion) < oldestWireVersion) throw tooOld();
    return { client, db, uniqueBy: hello.msg === 'isdbgrid' ? 'names' : 'indexes' };
  } catch (error) {
    await client.close();
    throw explain(error);
  }
}

function clientOf(
  url: string,
  { maxPoolSize, serverSelectionTimeoutMs, operationTimeoutMs }: Omit<ClientOptions, 'url' | 'database'>,
): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'pushgate',
      maxPoolSize,
      serverSelectionTimeoutMS: serverSelectionTimeoutMs,
      connectTimeoutMS: serverSelectionTimeoutMs,
      waitQueueTimeoutMS: operationTimeoutMs,
      socketTimeoutMS: operationTimeoutMs,
      retryWrites: true,
      retryReads: true,
      readPreference: 'primary',
      readConcern: { level: 'majority' },
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: operationTimeoutMs },
      ignoreUndefined: true,
    });
  } catch (error) {
    // The message names the part that is wrong; the address itself holds a password.
    throw new GatewayFault(
      'config-invalid',
      `store.url is not an address of MongoDB (${error instanceof Error ? error.name : 'unknown'}).`,
    );
  }
}

function explain(error: unknown): unknown {
  if (isTooOld(error)) return tooOld();
  if (error instanceof MongoServerError && authenticationFailed.includes(error.code))
    return new GatewayFault('config-invalid', 'MongoDB refuses the user or the password in store.url.');
  return error instanceof Error && isOutage(error)
    ? new GatewayFault(
        'store-unavailable',
        `MongoDB cannot be reached (${error.name}: ${error.message}). Is it running, and is store.url right?`,
      )
    : error;
}

/** Whether the driver itself refuses the server; a search that ended without one has that as its reason. */
const isTooOld = (error: unknown): boolean =>
  error instanceof MongoCompatibilityError ||
  (error instanceof MongoServerSelectionError && error.cause instanceof MongoCompatibilityError);

const tooOld = (): GatewayFault => new GatewayFault('config-invalid', 'The MongoDB at store.url is too old: pushgate needs 6.0 or newer.');
