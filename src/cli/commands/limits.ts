import { Command } from 'commander';
import { records } from '../../foundation/model/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate limits …`: the phones that rang too often without a yes, and logins that are quiet after wrong PINs. */
export function limitsCommand(terminal: Terminal): Command {
  const list = new Command('list')
    .description(
      'List the phones that rang without a yes lately, those that ring no more for a while, and logins that are quiet after too many wrong PINs.',
    )
    .option('-s, --serial <serial>', 'only that of this push token')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate limits list')
    .action(({ config, serial }: { config: string; serial?: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const query = serial === undefined ? '' : `?serial=${encodeURIComponent(serial)}`;
        const limits = await client.call('GET', `/ops/limits${query}`);
        const [phones, quiet] = [records(limits.phones), records(limits.quiet)];
        for (const { serial: of, user, realm, unanswered, mutedUntil } of phones)
          terminal.out(
            `${of}  ${user}@${realm}  rang ${unanswered} times without a yes${mutedUntil === undefined ? '' : `  quiet until ${mutedUntil}`}`,
          );
        for (const { user, realm, serial: of, authServer, until } of quiet)
          terminal.out(
            `${of ?? `${user}@${realm}`}  logins quiet until ${until}, from ${authServer === undefined ? 'a known client' : `all unknown clients of ${authServer}`}`,
          );
        terminal.out(`${phones.length + quiet.length} in all`);
      }),
    );
  const clear = new Command('clear')
    .description('Let a phone ring again as if nothing had been asked of it, and forget wrong PINs of its user.')
    .argument('<serial>', 'serial of the push token')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate limits clear PIPU0001A2B3')
    .action((serial: string, { config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        await client.call('DELETE', `/ops/limits/${encodeURIComponent(serial)}`);
        terminal.out('cleared');
      }),
    );
  return new Command('limits')
    .addHelpText('after', '\nExample:\n  npx pushgate limits clear PIPU0001A2B3')
    .addCommand(list)
    .addCommand(clear);
}
