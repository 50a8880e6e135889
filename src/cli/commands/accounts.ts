import { Command } from 'commander';
import { accountName, putAccount } from '../../engine/users/index.ts';
import { createPasswords } from '../../foundation/keyring/index.ts';
import { keyringOf } from '../../gateway/keyring.ts';
import { openStore } from '../../gateway/open-store.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

/** `pushgate accounts …`: administrators; an embedded store must be free, so its gateway stopped. */
export function accountsCommand(terminal: Terminal): Command {
  const accounts = new Command('accounts').addHelpText('after', '\nExample:\n  npx pushgate accounts set admin');
  accounts.addCommand(
    new Command('set')
      .description('Make an administrator, or give one a new password. A gateway with an embedded store must be stopped.')
      .argument('<name>', 'name of the account')
      .addOption(configOption())
      .addHelpText('after', '\nExample:\n  npx pushgate accounts set admin')
      .action(async (name: string, { config: file }: { config: string }) => {
        if (!accountName.test(name))
          throw new CommandFailed('an account name has 1 to 64 letters, digits, dots, underscores, dashes and @.');
        const loaded = await configFor(file, terminal);
        const passwords = createPasswords(keyringOf(loaded, terminal.environment));
        const store = await openStore(loaded);
        try {
          const password = await putAccount({ store, passwords, clock: Date.now }, name);
          terminal.out(`Administrator: ${name}`);
          terminal.out(`Password:      ${password}   (shown this once, stored hashed)`);
        } finally {
          await store.close();
        }
      }),
  );
  return accounts;
}
