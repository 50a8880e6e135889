import { type Db, type MongoClient, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { SchemaDocument } from './collections.ts';
import { defaultDatabase } from './config.ts';
import { noRights } from './faults.ts';

/**
 * Keeps a start from leaving data behind: earlier versions took no notice of a database in the address, and kept everything in `pushgate`. Throws
 * `config-invalid`, with how to choose, where the database that the address names is new and that one has data of ours.
 */
export async function refuseForgotten(client: MongoClient, db: Db): Promise<void> {
  const former = client.db(defaultDatabase);
  if (db.databaseName === former.databaseName || (await isOurs(db)) || !(await isOurs(former))) return;
  const [named, other] = [db.databaseName, former.databaseName];
  throw new GatewayFault(
    'config-invalid',
    `store.url names the database ${named}, where pushgate has no data yet, while ${other} on the same servers holds some. Set store.database to "${other}" to go on with that data, or to "${named}" to begin anew there.`,
  );
}

/** Whether a gateway has been at home in a database. A user who may not look into it cannot have left anything there. */
async function isOurs(db: Db): Promise<boolean> {
  try {
    return (await db.collection<SchemaDocument>('schema').findOne({ _id: 'schema' })) !== null;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === noRights) return false;
    throw error;
  }
}
