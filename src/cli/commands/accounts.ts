import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Config, readSecret } from '../../config/index.ts';
import { accountName, putAccount } from '../../engine/users/index.ts';
import { createPasswords, openKeyring } from '../../foundation/keyring/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../store/embedded/index.ts';
import { openMongoStore } from '../../store/mongodb/index.ts';
import type { Store } from '../../store/store.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

/** `pushgate accounts …`: administrators; an embedded store must be free, so its gateway stopped. */
export function accountsCommand(terminal: Terminal): Command {
  const accounts = new Command('accounts')
    .description('Administrators of the gateway.')
    .addHelpText('after', '\nExample:\n  npx pushgate accounts set admin');
  accounts.addCommand(
    new Command('set')
      .description('Make an administrator, or give one a new password. A gateway with an embedded store must be stopped.')
      .argument('<name>', 'name of the account')
      .addOption(configOption())
      .addHelpText('after', '\nExample:\n  npx pushgate accounts set admin')
      .action(async (name: string, { config: file }: { config: string }) => {
        if (!accountName.test(name))
          throw new CommandFailed('an account name has 1 to 64 letters, digits, dots, underscores, dashes and @.');
        const { config, folder } = await configFor(file, terminal);
        const found = readSecret(config.keyring, { folder, environment: terminal.environment });
        if ('missing' in found) throw new CommandFailed(`keyring: ${found.missing}`);
        const store = await openStore(config.store, folder);
        try {
          const password = await putAccount({ store, passwords: createPasswords(openKeyring(found.text)), clock: Date.now }, name);
          terminal.out(`Administrator: ${name}`);
          terminal.out(`Password:      ${password}   (shown this once, stored hashed)`);
        } finally {
          await store.close();
        }
      }),
  );
  return accounts;
}

function openStore(store: Config['store'], folder: string): Promise<Store> {
  const log = openLog('silent');
  if (store.kind === 'embedded') return openEmbeddedStore({ path: resolve(folder, store.path), log });
  return openMongoStore({ ...store, url: store.url.reveal(), log });
}
