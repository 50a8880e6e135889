import { Command } from 'commander';
import { accountName, accountNameForm, passwordProblem } from '../../engine/users/index.ts';
import { type AccountKeeper, withAccounts } from '../account-keeper.ts';
import { readInputLine } from '../input-line.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

/** `pushgate accounts …`: administrators, at the running gateway or, where none runs, in its store. */
export function accountsCommand(terminal: Terminal): Command {
  const accounts = new Command('accounts')
    .addHelpText('after', '\nExample:\n  npx pushgate accounts set admin')
    .addCommand(listCommand(terminal))
    .addCommand(setCommand(terminal));
  for (const change of changes) accounts.addCommand(changeCommand(terminal, change));
  return accounts;
}

type Change = { how: Parameters<AccountKeeper['change']>[1]; done: string; description: string };

const changes: readonly Change[] = [
  {
    how: 'disable',
    done: 'disabled',
    description: 'Let an administrator log in no more. The tokens of the account are worth nothing from then on.',
  },
  { how: 'enable', done: 'enabled', description: 'Let a disabled administrator log in again.' },
  { how: 'remove', done: 'removed', description: 'Remove an administrator for good, with all tokens of the account.' },
];

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the administrators.')
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  npx pushgate accounts list')
    .action(({ config }: { config: string }) =>
      withKeeper(terminal, config, async (keeper) => {
        const accounts = await keeper.list();
        for (const { name, enabled, since } of accounts) terminal.out(`${name}  ${enabled ? 'enabled' : 'disabled'}  since ${since}`);
        terminal.out(`${accounts.length} in all`);
      }),
    );
}

function setCommand(terminal: Terminal): Command {
  return new Command('set')
    .description('Make an administrator, or give one a new password, which ends all tokens of the account.')
    .argument('<name>', 'name of the account')
    .option('--password-stdin', 'take the password from the first line of standard input, instead of making one')
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate accounts set admin\n  npx pushgate accounts set admin --password-stdin < password.txt',
    )
    .action(async (name: string, { config, passwordStdin }: { config: string; passwordStdin?: boolean }) => {
      demandAccountName(name);
      const chosen = passwordStdin ? demandPassword(await readInputLine(terminal)) : undefined;
      await withKeeper(terminal, config, async (keeper) => {
        const { password, enabled } = await keeper.set(name, chosen);
        terminal.out(`Administrator: ${name}`);
        terminal.out(
          password === undefined
            ? 'Password:      the one from standard input (stored hashed)'
            : `Password:      ${password}   (shown this once, stored hashed)`,
        );
        if (!enabled) terminal.out(`The account is still disabled. Next: npx pushgate accounts enable ${name}`);
      });
    });
}

function changeCommand(terminal: Terminal, { how, description, done }: Change): Command {
  return new Command(how)
    .description(description)
    .argument('<name>', 'name of the account')
    .addOption(configOption())
    .addHelpText('after', `\nExample:\n  npx pushgate accounts ${how} helpdesk`)
    .action(async (name: string, { config }: { config: string }) => {
      demandAccountName(name);
      await withKeeper(terminal, config, async (keeper) => {
        await keeper.change(name, how);
        terminal.out(`${name} is ${done}.`);
      });
    });
}

const withKeeper = async (terminal: Terminal, file: string, work: (keeper: AccountKeeper) => Promise<void>): Promise<void> =>
  withAccounts(await configFor(file, terminal), terminal, work);

function demandAccountName(name: string): void {
  if (!accountName.test(name)) throw new CommandFailed(`an account name has ${accountNameForm}.`);
}

function demandPassword(password: string): string {
  const problem = passwordProblem(password);
  if (problem === undefined) return password;
  throw new CommandFailed(`nothing was changed: ${problem}`);
}
