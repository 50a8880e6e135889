import { Command } from 'commander';
import { z } from 'zod';
import { accountName, accountNameForm, passwordProblem } from '../../engine/users/index.ts';
import { type AccountKeeper, withAccounts } from '../account-keeper.ts';
import { gatewayFor } from '../gateway-address.ts';
import { readInputLine } from '../input-line.ts';
import { dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import { type Terminal, WrongUsage } from '../terminal.ts';
import { loginCommand, logoutCommand } from './account-session.ts';
import { configOption } from './config-option.ts';

/** `pushgate accounts …`: administrator accounts, at the running gateway or, if none runs, in its store. */
export function accountsCommand(terminal: Terminal): Command {
  const accounts = new Command('accounts')
    .addHelpText('after', '\nExample:\n  npx pushgate accounts set admin')
    .addCommand(listCommand(terminal))
    .addCommand(setCommand(terminal))
    .addCommand(loginCommand(terminal))
    .addCommand(logoutCommand(terminal));
  for (const change of changes) accounts.addCommand(changeCommand(terminal, change));
  return accounts;
}

type Change = { how: Parameters<AccountKeeper['change']>[1]; done: 'disabled' | 'enabled' | 'removed'; description: string };

const changes: readonly Change[] = [
  {
    how: 'disable',
    done: 'disabled',
    description: 'Let an administrator log in no more. The tokens of the account are worth nothing from then on.',
  },
  { how: 'enable', done: 'enabled', description: 'Let a disabled administrator log in again.' },
  { how: 'remove', done: 'removed', description: 'Remove an administrator for good, with all tokens of the account.' },
];

type Flags = JsonFlag & { config: string };

const listed = dataOutput(z.object({ accounts: z.array(z.object({ name: z.string(), enabled: z.boolean(), since: z.iso.datetime() })) }));

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the administrators.')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate accounts list')
    .action((flags: Flags) =>
      withKeeper(terminal, flags.config, async (keeper) =>
        listed.print(terminal, flags, { accounts: await keeper.list() }, ({ accounts }) =>
          printTable(terminal, accounts, [
            { head: 'NAME', cell: ({ name }) => name },
            {
              head: 'STATE',
              cell: ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
              tone: ({ enabled }) => (enabled ? 'good' : 'warning'),
            },
            { head: 'SINCE', cell: ({ since }) => since },
          ]),
        ),
      ),
    );
}

/** `password` is set when the command generated it. */
const given = dataOutput(z.object({ name: z.string(), enabled: z.boolean(), password: z.string().optional() }));

function setCommand(terminal: Terminal): Command {
  return new Command('set')
    .description('Make an administrator, or give one a new password, which ends all tokens of the account.')
    .argument('<name>', 'name of the account')
    .option('--password-stdin', 'take the password from the first line of standard input, instead of making one')
    .addOption(given.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate accounts set admin\n  npx pushgate accounts set admin --password-stdin < password.txt',
    )
    .action(async (name: string, { passwordStdin, ...flags }: Flags & { passwordStdin?: true }) => {
      demandAccountName(name);
      const chosen = passwordStdin ? demandPassword(await readInputLine(terminal)) : undefined;
      await withKeeper(terminal, flags.config, async (keeper) =>
        given.print(terminal, flags, { name, ...(await keeper.set(name, chosen)) }, ({ password, enabled }) => {
          terminal.out(`Administrator: ${name}`);
          terminal.out(
            password === undefined
              ? 'Password:      the one from standard input (stored hashed)'
              : `Password:      ${password}   (shown this once, stored hashed)`,
          );
          if (!enabled) terminal.out(`The account is still disabled. Next: npx pushgate accounts enable ${name}`);
        }),
      );
    });
}

const changed = dataOutput(z.object({ name: z.string(), change: z.enum(['disabled', 'enabled', 'removed']) }));

function changeCommand(terminal: Terminal, { how, description, done }: Change): Command {
  return new Command(how)
    .description(description)
    .argument('<name>', 'name of the account')
    .addOption(changed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', `\nExample:\n  npx pushgate accounts ${how} helpdesk`)
    .action(async (name: string, flags: Flags) => {
      demandAccountName(name);
      await withKeeper(terminal, flags.config, async (keeper) => {
        await keeper.change(name, how);
        changed.print(terminal, flags, { name, change: done }, () => terminal.out(`${name} is ${done}.`));
      });
    });
}

const withKeeper = async (terminal: Terminal, file: string, work: (keeper: AccountKeeper) => Promise<void>): Promise<void> =>
  withAccounts(await gatewayFor(file, terminal), terminal, work);

function demandAccountName(name: string): void {
  if (!accountName.test(name)) throw new WrongUsage(`an account name has ${accountNameForm}.`);
}

function demandPassword(password: string): string {
  const problem = passwordProblem(password);
  if (problem === undefined) return password;
  throw new WrongUsage(`nothing was changed: ${problem}`);
}
