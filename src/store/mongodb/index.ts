import type { Log } from '../../foundation/telemetry/index.ts';
import type { Store } from '../store.ts';
import { auditStore } from './audit.ts';
import { type ClientOptions, connect } from './client.ts';
import { collectionsOf, type Uniqueness } from './collections.ts';
import { deviceStore } from './devices.ts';
import { effectStore } from './effects.ts';
import { startFaultOf } from './faults.ts';
import { refuseForgotten } from './former-database.ts';
import { openLocations } from './locations.ts';
import { openNames } from './names.ts';
import { prepareSchema } from './schema.ts';
import { type OnOperation, openRunner } from './session.ts';
import { otherStore } from './small-records.ts';
import { openTogether } from './together.ts';
import { tokenStore } from './tokens.ts';
import { transactionStore } from './transactions.ts';
import { transferStore } from './transfer.ts';
import { openWatch } from './watch.ts';
import { openBehind } from './write-behind.ts';

/**
 * Where the database is, and who hears of what goes on. `uniqueBy` overrules what the topology needs, for a database that is made now;
 * `pollMs` and `retryMs` are those of the watch. `onMigrated` is told the schema of an older version that this gateway brought up to date.
 */
export type MongoStoreOptions = ClientOptions & {
  log: Log;
  onOperation?: OnOperation | undefined;
  uniqueBy?: Uniqueness;
  onMigrated?: ((from: number) => void) | undefined;
  pollMs?: number;
  retryMs?: number;
};

/**
 * Opens the MongoDB store and brings its database up to date. Throws `store-unavailable` when no server answers, `config-invalid` with one
 * sentence when the address, the credentials or the content of the database are not for us.
 */
export async function openMongoStore({ log, onOperation, onMigrated, pollMs, retryMs, ...options }: MongoStoreOptions): Promise<Store> {
  const { client, db, uniqueBy: needed, hasTransactions } = await connect(options);
  try {
    if (options.database === undefined) await refuseForgotten(client, db);
    const uniqueBy = await prepareSchema({ db, uniqueBy: options.uniqueBy ?? needed, onMigrated });
    const collections = collectionsOf(db);
    const runner = openRunner({ limitMs: options.operationTimeoutMs, onOperation });
    const watch = openWatch({ transactions: collections.transactions, log, pollMs, retryMs });
    const session = {
      run: runner.run,
      collections,
      locations: openLocations(uniqueBy),
      names: openNames(collections.names, uniqueBy),
      together: openTogether(client, collections, hasTransactions),
      behind: { tokens: openBehind(collections.tokens), transactions: openBehind(collections.transactions) },
    };
    log.debug({ database: db.databaseName, uniqueBy }, 'the MongoDB store is open');
    return {
      ...tokenStore(session),
      ...transactionStore(session),
      ...effectStore(session),
      ...otherStore(session),
      ...deviceStore(session),
      ...auditStore(session),
      ...transferStore(session),
      onDecided: watch.onDecided,
      async close() {
        await runner.end();
        await watch.close();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw startFaultOf(db.databaseName, error);
  }
}
