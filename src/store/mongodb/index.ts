import type { Log } from '../../foundation/telemetry/index.ts';
import type { Store } from '../store.ts';
import { auditStore } from './audit.ts';
import { openAuditedWrites } from './audited-writes.ts';
import { type ClientOptions, connect } from './client.ts';
import { collectionsOf, type Uniqueness } from './collections.ts';
import { deviceStore } from './devices.ts';
import { effectStore } from './effects.ts';
import { identityPinStore } from './exchange/identity-pins.ts';
import { keptRequestStore } from './exchange/kept-requests.ts';
import { outboxStore } from './exchange/outbox.ts';
import { publishedEventStore } from './exchange/published-events.ts';
import { startFaultOf } from './faults.ts';
import { refuseForgotten } from './former-database.ts';
import { openLocations } from './locations.ts';
import { openNames } from './names.ts';
import { prepareSchema } from './schema.ts';
import { type OnOperation, openRunner } from './session.ts';
import { otherStore } from './small-records.ts';
import { tokenStore } from './tokens.ts';
import { transactionStore } from './transactions.ts';
import { transferStore } from './transfer.ts';
import { decisions, openWatch, publications } from './watch.ts';
import { openWriteBehind } from './write-behind.ts';

/**
 * Options and callbacks. `uniqueBy` overrides the topology's choice for a new database; `pollMs` and `retryMs` are
 * those of the watch. `onMigrated` gets the older schema version that this gateway updated.
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
 * Opens the MongoDB store and updates its schema. Throws `store-unavailable` when no server answers, `config-invalid`
 * with one sentence when the address, the credentials or the content of the database are not usable.
 */
export async function openMongoStore({ log, onOperation, onMigrated, pollMs, retryMs, ...options }: MongoStoreOptions): Promise<Store> {
  const { client, db, uniqueBy: needed, hasTransactions } = await connect(options);
  try {
    if (options.database === undefined) await refuseForgotten(client, db);
    const uniqueBy = await prepareSchema({ db, uniqueBy: options.uniqueBy ?? needed, onMigrated });
    const collections = collectionsOf(db);
    const runner = openRunner({ limitMs: options.operationTimeoutMs, onOperation });
    const decided = openWatch({ source: decisions(collections.transactions), log, pollMs, retryMs });
    const published = openWatch({ source: publications(collections.publishedEvents), log, pollMs, retryMs });
    const session = {
      run: runner.run,
      collections,
      locations: openLocations(uniqueBy),
      names: openNames(collections.names, uniqueBy),
      audited: openAuditedWrites(client, collections, hasTransactions),
      writeBehind: { tokens: openWriteBehind(collections.tokens), transactions: openWriteBehind(collections.transactions) },
    };
    log.debug({ database: db.databaseName, uniqueBy }, 'the MongoDB store is open');
    return {
      ...tokenStore(session),
      ...transactionStore(session),
      ...effectStore(session),
      ...otherStore(session),
      ...deviceStore(session),
      ...keptRequestStore(session),
      ...outboxStore(session),
      ...publishedEventStore(session),
      ...identityPinStore(session),
      ...auditStore(session),
      ...transferStore(session),
      onDecided: decided.on,
      onPublished: published.on,
      async close() {
        await runner.end();
        await Promise.all([decided.close(), published.close()]);
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw startFaultOf(db.databaseName, error);
  }
}
