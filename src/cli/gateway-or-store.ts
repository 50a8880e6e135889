import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../config/index.ts';
import { createPasswords, type Keyring } from '../foundation/keyring/index.ts';
import { isOwnStore } from '../gateway/keyring.ts';
import { embeddedFile, openStore } from '../gateway/open-store.ts';
import { type Store, StoreInUse } from '../store/store.ts';
import { servesOps } from './admin-token.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { NoAnswer, type OpsClient, withOpsClient } from './ops-client.ts';
import { CommandFailed } from './terminal.ts';

/** One piece of work, done through the running gateway or directly in the store. */
export type Places = { atGateway(client: OpsClient): Promise<void>; inStore(loaded: LoadedConfig): Promise<void> };

/**
 * Does the work at the gateway or in the store. An embedded store has one owner, so a running gateway is asked. MongoDB
 * needs only its address and the keyring, so the work is done there directly, without policies. A gateway on another
 * machine is always asked.
 */
export async function atGatewayOrStore(address: GatewayAddress, { atGateway, inStore }: Places): Promise<void> {
  const { loaded } = address;
  if (!loaded) return withOpsClient(address, atGateway);
  if (loaded.config.store.kind === 'mongodb') return inStore(loaded);
  const unanswered = servesOps(loaded)
    ? await asked(address, atGateway)
    : `${loaded.file} has no mount that serves ops, by which the gateway could be asked`;
  if (unanswered === undefined) return;
  try {
    await inStore(loaded);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new CommandFailed(
      `${unanswered}, and the store is in use by ${error.holder}. Wait until it answers, or stop that process.`,
      'unavailable',
    );
  }
}

/** Does the work at the gateway. If no gateway answers, returns the message that says so. */
async function asked(address: GatewayAddress, work: Places['atGateway']): Promise<string | undefined> {
  try {
    await withOpsClient(address, work);
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return 'no gateway answers';
    throw error;
  }
}

/** Opens the store of a configuration. Throws `CommandFailed` if there is none, or if it belongs to another keyring. */
export async function openFilledStore(loaded: LoadedConfig, keyring: Keyring): Promise<Store> {
  const store = await openStoreThere(loaded);
  if (await isOwnStore({ store, keyring, passwords: createPasswords(keyring) })) return store;
  await store.close();
  throw new CommandFailed(
    'the store was filled with a key that is not in this keyring; put the keyring that belongs to it in its place.',
    'config',
  );
}

/** Opens the store of a configuration, with any keyring. Throws `CommandFailed` if there is none. */
export async function openStoreThere(loaded: LoadedConfig): Promise<Store> {
  const file = embeddedFile(loaded);
  // Opening it would create it.
  if (file !== undefined && !existsSync(file))
    throw new CommandFailed(`there is no store ${file} yet; the first start of the gateway makes it: npx pushgate serve`, 'unavailable');
  return openStore(loaded);
}
