import type { Log } from '../../foundation/telemetry/index.ts';
import type { Store } from '../store.ts';
import { auditStore } from './audit.ts';
import { deviceStore } from './devices.ts';
import { identityPinStore } from './exchange/identity-pins.ts';
import { keptRequestStore } from './exchange/kept-requests.ts';
import { outboxStore } from './exchange/outbox.ts';
import { publishedEventStore } from './exchange/published-events.ts';
import { openDatabase } from './open.ts';
import { type OnOperation, openSession } from './session.ts';
import { otherStore } from './small-records.ts';
import { tokenStore } from './tokens.ts';
import { transactionStore } from './transactions.ts';
import { transferStore } from './transfer.ts';

/** The file, and callbacks. `onMigrated` gets the older schema version that was updated. */
export type EmbeddedStoreOptions = {
  path: string;
  log: Log;
  onOperation?: OnOperation | undefined;
  onMigrated?: ((from: number) => void) | undefined;
};

/**
 * Opens the embedded store. Throws `config-invalid` with one sentence when the file is in use, damaged, not a store, or
 * of a newer version.
 */
export async function openEmbeddedStore({ path, log, onOperation, onMigrated }: EmbeddedStoreOptions): Promise<Store> {
  const owned = openDatabase({ path, log, onMigrated });
  const session = openSession(owned, onOperation);
  let isClosed = false;
  log.debug({ path }, 'the embedded store is open');
  const tokens = tokenStore(session);
  const transactions = transactionStore(session);
  return {
    ...tokens,
    ...transactions,
    ...otherStore(session),
    ...deviceStore(session),
    ...keptRequestStore(session),
    ...outboxStore(session),
    ...publishedEventStore(session),
    ...identityPinStore(session),
    ...auditStore(session),
    async findTokenWithOpen(serial, now, most) {
      // Locally, two reads cost no more than one.
      const token = await tokens.findToken(serial);
      return token && { token, open: await transactions.openTransactionsOf(serial, now, most) };
    },
    ...transferStore(session),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await session.end();
      owned.close();
    },
  };
}
