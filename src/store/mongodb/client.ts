import { type Db, MongoClient, MongoCompatibilityError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { addressProblem, type ClientLimits, clientOptions } from './address.ts';
import type { Uniqueness } from './collections.ts';
import { databaseOf } from './config.ts';
import { isOutage } from './faults.ts';

/** Where the database is, and how long we wait for it. `database` as the configuration sets it, if it does. */
export type ClientOptions = ClientLimits & { url: string; database?: string | undefined };

/** A connected database; `uniqueBy` is what this topology needs, `hasTransactions` whether several writes can be one. */
export type Connected = { client: MongoClient; db: Db; uniqueBy: Uniqueness; hasTransactions: boolean };

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
    const isSharded = hello.msg === 'isdbgrid';
    return { client, db, uniqueBy: isSharded ? 'names' : 'indexes', hasTransactions: isSharded || hello.setName !== undefined };
  } catch (error) {
    await client.close();
    throw explain(error);
  }
}

function clientOf(url: string, limits: ClientLimits): MongoClient {
  const problem = addressProblem(url, limits);
  if (problem !== undefined) throw new GatewayFault('config-invalid', `store.url ${problem}`);
  return new MongoClient(url, clientOptions(limits));
}

function explain(error: unknown): unknown {
  if (isTooOld(error)) return tooOld();
  if (error instanceof MongoServerError && authenticationFailed.includes(error.code))
    return new GatewayFault('config-invalid', 'MongoDB refuses the user or the password in store.url.');
  if (isNotInitiated(error))
    return new GatewayFault(
      'store-unavailable',
      'MongoDB runs, but its replica set was never begun: run rs.initiate() in mongosh, once, at one of its servers.',
    );
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

/** Whether a search for a server found members of a replica set alone that belong to none yet. */
const isNotInitiated = (error: unknown): boolean =>
  error instanceof MongoServerSelectionError &&
  error.reason !== undefined &&
  [...error.reason.servers.values()].some(({ type }) => type === 'RSGhost');

const tooOld = (): GatewayFault => new GatewayFault('config-invalid', 'The MongoDB at store.url is too old: pushgate needs 6.0 or newer.');
