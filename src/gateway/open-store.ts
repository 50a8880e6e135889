import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { type Log, openLog } from '../foundation/telemetry/index.ts';
import type { Store, StoreOperation } from '../store/store.ts';

/**
 * Receives each operation of an open store with its outcome and seconds, and one call if opening it migrated its
 * schema.
 */
export type StoreListeners = {
  log?: Log | undefined;
  onOperation?: ((operation: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void) | undefined;
  onMigrated?: (() => void) | undefined;
};

/** The file of the embedded store of a configuration; undefined for any other store. */
export const embeddedFile = ({ config: { store }, folder }: Pick<LoadedConfig, 'config' | 'folder'>): string | undefined =>
  store.kind === 'embedded' ? resolve(folder, store.path) : undefined;

/**
 * Opens the store of a configuration; loads only the driver of its kind. Only one process can have an embedded store
 * open.
 */
export async function openStore(
  { config: { store }, folder }: Pick<LoadedConfig, 'config' | 'folder'>,
  { log = openLog('silent'), ...listeners }: StoreListeners = {},
): Promise<Store> {
  if (store.kind === 'embedded') {
    const { openEmbeddedStore } = await import('../store/embedded/index.ts');
    return openEmbeddedStore({ path: resolve(folder, store.path), log, ...listeners });
  }
  const { openMongoStore } = await import('../store/mongodb/index.ts');
  return openMongoStore({ ...store, url: store.url.reveal(), log, ...listeners });
}
