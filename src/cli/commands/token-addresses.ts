import { Command, Option } from 'commander';
import { records } from '../../foundation/model/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

type AddOptions = { kind: string; value: string; config: string };

/** `pushgate tokens address …`: where the phone of a push token can be reached. */
export function addressCommand(terminal: Terminal): Command {
  const path = (serial: string): string => `/ops/tokens/${encodeURIComponent(serial)}/addresses`;
  const list = new Command('list')
    .description('List the device addresses of a push token by their ids.')
    .argument('<serial>', 'serial of the push token')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address list PIPU0001A2B3')
    .action((serial: string, { config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const addresses = records((await client.call('GET', path(serial))).addresses);
        for (const { id, kind, since, deadSince } of addresses)
          terminal.out(`${id}  ${kind}  since ${since}${deadSince === undefined ? '' : `  dead since ${deadSince}`}`);
        terminal.out(`${addresses.length} in all`);
      }),
    );
  const add = new Command('add')
    .description('Add a device address beside those that the phone told.')
    .argument('<serial>', 'serial of the push token')
    .addOption(new Option('-k, --kind <kind>', 'kind of the address').choices(['fcm', 'apns', 'gda', 'webpush']).makeOptionMandatory())
    .requiredOption('-v, --value <address>', 'the address itself')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address add PIPU0001A2B3 --kind gda --value 0102030405')
    .action((serial: string, { kind, value, config }: AddOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        terminal.out(`added: ${String((await client.call('POST', path(serial), { kind, value })).id)}`);
      }),
    );
  const remove = new Command('remove')
    .description('Remove a device address.')
    .argument('<serial>', 'serial of the push token')
    .argument('<id>', 'id of the address, as "list" shows it')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address remove PIPU0001A2B3 0a1b2c3d4e5f')
    .action((serial: string, id: string, { config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        await client.call('DELETE', `${path(serial)}/${encodeURIComponent(id)}`);
        terminal.out('removed');
      }),
    );
  return new Command('address')
    .description('Device addresses of a push token.')
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address list PIPU0001A2B3')
    .addCommand(list)
    .addCommand(add)
    .addCommand(remove);
}
