import { Command } from 'commander';
import { z } from 'zod';
import type { LoadedConfig } from '../../config/index.ts';
import { openRealms } from '../../engine/users/index.ts';
import type { LoggedName } from '../../foundation/telemetry/index.ts';
import { readKeyring } from '../../gateway/keyring.ts';
import { logPseudonyms } from '../../gateway/log-names.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

type Options = JsonFlag & { config: string; realm?: string; account?: boolean };

/** `names`: the pseudonym by the current key first, then those by earlier keys. */
const found = dataOutput(z.object({ names: z.array(z.string()) }));

/**
 * `pushgate log-name`: computes the pseudonyms of a name, to find its lines in a log. Needs the keyring, but no running
 * gateway.
 */
export function logNameCommand(terminal: Terminal): Command {
  return new Command('log-name')
    .argument('<name>', 'name of the user, with or without its realm, or of the administrator')
    .option('-r, --realm <realm>', 'realm of the user; the default one without it')
    .option('-a, --account', 'the name is that of an administrator, in the form of the log: admin, or helpdesk@corp')
    .addOption(found.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nThe first line is made with the current key. The other lines are made with older keys, and are for older lines of the log.',
    )
    .addHelpText('after', '\nExample:\n  npx pushgate log-name alice --realm corp\n  grep "$(npx pushgate log-name alice)" gateway.log')
    .action(async (name: string, { config: file, realm, account, json }: Options) => {
      const loaded = await configFor(file, terminal);
      const keyring = readKeyring(loaded, terminal.environment);
      if (!keyring.ok) throw new CommandFailed(`the keyring cannot be read: ${keyring.error}.`, 'config');
      const logged = account ? { kind: 'account' as const, name } : userOf(loaded, name, realm);
      const names = keyring.value.keyIds.toReversed().map((keyId) => logPseudonyms(loaded.config, keyring.value, keyId)(logged));
      found.print(terminal, { json }, { names }, () => {
        for (const each of names) terminal.out(each);
      });
    });
}

function userOf({ config }: LoadedConfig, name: string, realm: string | undefined): LoggedName {
  const resolved = openRealms(config.realms).resolve(name, realm);
  if (resolved === 'unknown-realm')
    throw new WrongUsage(`there is no realm ${realm}; there are ${config.realms.map((each) => each.name).join(', ')}.`);
  return { kind: 'user', name: resolved.user, realm: resolved.realm };
}
