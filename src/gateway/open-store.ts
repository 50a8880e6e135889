import { resolve } from 'node:path';
import { CommandFailed } from '../cli/terminal.ts';
import { type Environment, type LoadedConfig, readSecret } from '../config/index.ts';
import { type Keyring, openKeyring } from '../foundation/keyring/index.ts';
import { openLog } from '../foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../store/embedded/index.ts';
import { openMongoStore } from '../store/mongodb/index.ts';
import type { Store } from '../store/store.ts';

/** Opens the store of a configuration for a command. An embedded one must be free, so its gateway stopped. */
export function openStoreOf({ config: { store }, folder }: LoadedConfig): Promise<Store> {
  const log = openLog('silent');
  if (store.kind === 'embedded') return openEmbeddedStore({ path: resolve(folder, store.path), log });
  return openMongoStore({ ...store, url: store.url.reveal(), log });
}

/** Opens the keyring of a configuration for a command. */
export function openKeyringOf({ config, folder }: LoadedConfig, environment: Environment): Keyring {
  const found = readSecret(config.keyring, { folder, environment });
  if ('missing' in found) throw new CommandFailed(`keyring: ${found.missing}`);
  return openKeyring(found.text);
}
