import { type Db, MongoClient, MongoCompatibilityError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import { addressProblem, type ClientLimits, clientOptions } from './address.ts';
import type { Uniqueness } from './collections.ts';
import { databaseOf } from './config.ts';
import { isOutage } from './faults.ts';

/** The address and limits. `database`: the one set in the configuration, if any. */
export type ClientOptions = ClientLimits & { url: string; database?: string | undefined };

/**
 * A connected database. `uniqueBy`: how this topology keeps names unique; `hasTransactions`: whether it supports
 * transactions.
 */
export type Connected = { client: MongoClient; db: Db; uniqueBy: Uniqueness; hasTransactions: boolean };

/** AuthenticationFailed, and the code that Atlas uses instead. */
const authenticationFailed: readonly unknown[] = [18, 8000];
/** The wire version of MongoDB 6.0. */
const oldestWireVersion = 17;

/**
 * Connects with majority, journaled write concern and majority read concern. The driver resends a write whose
 * acknowledgement was lost with the same number, and the server executes it once. Throws `config-invalid` for an
 * invalid address and refused credentials, `store-unavailable` when no server answers.
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
      'MongoDB runs, but its replica set is not initiated: run rs.initiate() in mongosh, once, at one of its servers.',
    );
  return error instanceof Error && isOutage(error)
    ? new GatewayFault(
        'store-unavailable',
        `MongoDB cannot be reached (${error.name}: ${error.message}). Is it running, and is store.url right?`,
      )
    : error;
}

/** Whether the driver refuses the server's version, directly or as the cause of a failed server selection. */
const isTooOld = (error: unknown): boolean =>
  error instanceof MongoCompatibilityError ||
  (error instanceof MongoServerSelectionError && error.cause instanceof MongoCompatibilityError);

/** Whether server selection found only members of an uninitiated replica set. */
const isNotInitiated = (error: unknown): boolean =>
  error instanceof MongoServerSelectionError &&
  error.reason !== undefined &&
  [...error.reason.servers.values()].some(({ type }) => type === 'RSGhost');

const tooOld = (): GatewayFault => new GatewayFault('config-invalid', 'The MongoDB at store.url is too old: pushgate needs 6.0 or newer.');
