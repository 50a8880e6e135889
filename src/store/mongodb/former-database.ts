import { type Db, type MongoClient, MongoServerError } from 'mongodb';
import { GatewayFault } from '../../foundation/model/index.ts';
import type { SchemaDocument } from './collections.ts';
import { defaultDatabase } from './config.ts';
import { noRights } from './faults.ts';

/**
 * Prevents a start from losing sight of data: earlier versions ignored the database in the address and used `pushgate`.
 * Throws `config-invalid`, with the choices, when the named database is new and `pushgate` has our data.
 */
export async function refuseForgotten(client: MongoClient, db: Db): Promise<void> {
  const former = client.db(defaultDatabase);
  if (db.databaseName === former.databaseName || (await isOurs(db)) || !(await isOurs(former))) return;
  const [named, other] = [db.databaseName, former.databaseName];
  throw new GatewayFault(
    'config-invalid',
    `store.url names the database ${named}, which has no data of pushgate yet, while ${other} on the same servers has some. Set store.database to "${other}" to continue with that data, or to "${named}" to start empty there.`,
  );
}

/** Whether a database has our schema. A user without read access cannot have written there. */
async function isOurs(db: Db): Promise<boolean> {
  try {
    return (await db.collection<SchemaDocument>('schema').findOne({ _id: 'schema' })) !== null;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === noRights) return false;
    throw error;
  }
}
