import { userInfo } from 'node:os';
import type { LoadedConfig } from '../config/index.ts';
import { openSealing } from '../engine/audit/index.ts';
import { type AccountChanged, type Accounts, lastAccountText, openAccounts } from '../engine/users/index.ts';
import { accountCost, createPasswords, type Keyring } from '../foundation/keyring/index.ts';
import { localActor, record, records } from '../foundation/model/index.ts';
import { keyringOf } from '../gateway/keyring.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { atGatewayOrStore, openFilledStore } from './gateway-or-store.ts';
import type { OpsClient } from './ops-client.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/**
 * Changes administrator accounts: through the running gateway, or in the store itself. Refusals are `CommandFailed`.
 */
export type AccountKeeper = {
  list(): Promise<{ name: string; enabled: boolean; since: string }[]>;
  /** `password` is set when the command generated it. */
  set(name: string, password: string | undefined): Promise<{ password: string | undefined; enabled: boolean }>;
  change(name: string, how: 'enable' | 'disable' | 'remove'): Promise<void>;
};

type Work = (keeper: AccountKeeper) => Promise<void>;

/** Opens the accounts of a gateway, at the gateway or in its store, and runs `work`. */
export const withAccounts = (address: GatewayAddress, terminal: Terminal, work: Work): Promise<void> =>
  atGatewayOrStore(address, {
    atGateway: (client) => work(gatewayKeeper(client)),
    inStore: (loaded) => inStore(loaded, terminal, work),
  });

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
  const store = await openFilledStore(loaded, keyring);
  try {
    const passwords = createPasswords(keyring, accountCost);
    await work(storeKeeper(openAccounts({ ...withoutGateway(keyring), store, passwords })));
  } finally {
    await store.close();
  }
}

/** Changes are stored as notes. The next gateway that looks moves them into its audit. */
const withoutGateway = (keyring: Keyring) => ({
  clock: Date.now,
  tell: () => undefined,
  audit: { chain: () => undefined, seal: openSealing(keyring).note },
});

/** The user who is logged in on this machine. */
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
      return new CommandFailed(`there is no account ${name}. pushgate accounts list shows those that there are.`, 'refused');
    case 'last-account':
      return new CommandFailed(lastAccountText(name), 'refused');
    default:
      return changed satisfies never;
  }
}
