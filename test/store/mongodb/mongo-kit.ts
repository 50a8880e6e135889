import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { type MongoStoreOptions, openMongoStore } from '../../../src/store/mongodb/index.ts';
import type { Store } from '../../../src/store/store.ts';
import { dropDatabase, type GivenMongo } from '../../kit/mongod.ts';
import type { Cleanup } from '../../kit/temporary.ts';

/** Options of a store that a test may change. */
export type Wishes = Partial<MongoStoreOptions>;

/** Opens a store as the config's defaults would. */
export const openStoreAt = (url: string, database?: string, wishes: Wishes = {}): Promise<Store> =>
  openMongoStore({
    url,
    database,
    maxPoolSize: 20,
    serverSelectionTimeoutMs: 5000,
    operationTimeoutMs: 15_000,
    log: openLog('silent'),
    ...wishes,
  });

/**
 * A store on a database of its own; `open` opens the same database once more. `undo` closes all and drops the database.
 */
export type GivenStore = { store: Store; database: string; open(over?: Wishes): Promise<Store> };

/** Opens a store that `undo` closes again. */
export async function givenStore(mongo: GivenMongo, undo: Cleanup, wishes: Wishes = {}): Promise<GivenStore> {
  const database = mongo.database();
  undo.later(() => dropDatabase(mongo.url(), database));
  const open = async (over: Wishes = {}): Promise<Store> => {
    const store = await openStoreAt(mongo.url(), database, { ...wishes, ...over });
    undo.later(() => store.close());
    return store;
  };
  return { store: await open(), database, open };
}
