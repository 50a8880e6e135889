import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { type Log, openLog } from '../foundation/telemetry/index.ts';
import type { Store, StoreOperation } from '../store/store.ts';

/** What a store tells while it is open: each operation with its outcome and seconds, and once, before it is handed out, that it was brought up to date. */
export type StoreListeners = {
  log?: Log | undefined;
  onOperation?: ((operation: StoreOperation, outcome: 'ok' | 'fault', seconds: number) => void) | undefined;
  onMigrated?: (() => void) | undefined;
};

/** The file of the embedded store of a configuration; undefined where the store is another one. */
export const embeddedFile = ({ config: { store }, folder }: Pick<LoadedConfig, 'config' | 'folder'>): string | undefined =>
  store.kind === 'embedded' ? resolve(folder, store.path) : undefined;

/** Opens the store of a configuration; only its own driver is loaded. An embedded one must be free: one process has it at a time. */
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
