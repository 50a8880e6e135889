import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { LoadedConfig } from '../config/index.ts';
import { type AccountChanged, type Accounts, lastAccountText, openAccounts } from '../engine/users/index.ts';
import { createPasswords } from '../foundation/keyring/index.ts';
import { localActor, record, records } from '../foundation/model/index.ts';
import { isOwnStore, keyringOf } from '../gateway/keyring.ts';
import { embeddedFile, openStore } from '../gateway/open-store.ts';
import { StoreInUse } from '../store/store.ts';
import { servesOps } from './admin-token.ts';
import { NoAnswer, type OpsClient, withOpsClient } from './ops-client.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** Who carries out what a command does with accounts: the running gateway, or the store itself. Refusals are `CommandFailed`. */
export type AccountKeeper = {
  list(): Promise<{ name: string; enabled: boolean; since: string }[]>;
  /** `password` is there when it was made. */
  set(name: string, password: string | undefined): Promise<{ password: string | undefined; enabled: boolean }>;
  change(name: string, how: 'enable' | 'disable' | 'remove'): Promise<void>;
};

type Work = (keeper: AccountKeeper) => Promise<void>;

/**
 * Works with the accounts of a gateway. An embedded store has one owner: while the gateway runs, that is asked. MongoDB is open to whoever has its address and
 * the keyring, so no gateway and no policy is in the way there.
 */
export async function withAccounts(loaded: LoadedConfig, terminal: Terminal, work: Work): Promise<void> {
  if (loaded.config.store.kind === 'mongodb') return inStore(loaded, terminal, work);
  const unanswered = servesOps(loaded)
    ? await atGateway(loaded, terminal, work)
    : `${loaded.file} has no mount that serves ops, by which the gateway could be asked`;
  if (unanswered === undefined) return;
  try {
    await inStore(loaded, terminal, work);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new CommandFailed(`${unanswered}, and the store is in use by ${error.holder}. Wait until it answers, or stop that process.`);
  }
}

/** What was done there; or, where no gateway answers, that it does not. */
async function atGateway(loaded: LoadedConfig, terminal: Terminal, work: Work): Promise<string | undefined> {
  try {
    await withOpsClient(Promise.resolve(loaded), terminal, (client) => work(gatewayKeeper(client)));
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return 'no gateway answers';
    throw error;
  }
}

function gatewayKeeper(client: OpsClient): AccountKeeper {
  const at = (name: string): string => `/ops/accounts/${encodeURIComponent(name)}`;
  return {
    async list() {
      const { accounts } = await client.call('GET', '/ops/accounts');
      return records(accounts).map(({ name, enabled, createdAt }) => ({
        name: String(name),
        enabled: enabled === true,
        since: String(createdAt),
      }));
    },
    async set(name, chosen) {
      const { password, enabled } = record(await client.call('PUT', at(name), { password: chosen }));
      return { password: typeof password === 'string' ? password : undefined, enabled: enabled === true };
    },
    async change(name, how) {
      await (how === 'remove' ? client.call('DELETE', at(name)) : client.call('POST', `${at(name)}/${how}`));
    },
  };
}

async function inStore(loaded: LoadedConfig, terminal: Terminal, work: Work): Promise<void> {
  const keyring = keyringOf(loaded, terminal.environment);
  const file = embeddedFile(loaded);
  // To open it would make it.
  if (file !== undefined && !existsSync(file))
    throw new CommandFailed(`there is no store ${file} yet; the first start of the gateway makes it: npx pushgate serve`);
  const passwords = createPasswords(keyring);
  const store = await openStore(loaded);
  try {
    if (!(await isOwnStore({ store, keyring, passwords })))
      throw new CommandFailed(
        'the store was filled with a key that is not in this keyring; put the keyring that belongs to it in its place.',
      );
    await work(storeKeeper(openAccounts({ ...withoutGateway, store, passwords })));
  } finally {
    await store.close();
  }
}

/** What is written is noted; the next gateway that looks takes the notes into its audit. */
const withoutGateway = { clock: Date.now, tell: () => undefined, audit: { chain: () => undefined } };

/** Whoever is logged in at this machine. */
const by = localActor(userInfo().username);

const storeKeeper = (accounts: Accounts): AccountKeeper => ({
  list: async () =>
    (await accounts.list()).map(({ name, enabled, createdAt }) => ({ name, enabled, since: new Date(createdAt).toISOString() })),
  async set(name, chosen) {
    const { password, enabled } = await accounts.set(by, name, chosen);
    return { password: chosen === undefined ? password : undefined, enabled };
  },
  async change(name, how) {
    const changed = await accounts[how](by, name);
    if (changed !== 'done') throw refusalOf(changed, name);
  },
});

function refusalOf(changed: Exclude<AccountChanged, 'done'>, name: string): CommandFailed {
  switch (changed) {
    case 'unknown-account':
      return new CommandFailed(`there is no account ${name}. pushgate accounts list shows those that there are.`);
    case 'last-account':
      return new CommandFailed(lastAccountText(name));
    default:
      return changed satisfies never;
  }
}
