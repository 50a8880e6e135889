import { Command, Option } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

type Flags = JsonFlag & { config: string };

const pathOf = (serial: string): string => `/ops/tokens/${encodeURIComponent(serial)}/addresses`;

/** `pushgate tokens address …`: the device addresses of a push token. */
export const addressCommand = (terminal: Terminal): Command =>
  new Command('address')
    .description('Device addresses of a push token.')
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address list PIPU0001A2B3')
    .addCommand(listCommand(terminal))
    .addCommand(addCommand(terminal))
    .addCommand(removeCommand(terminal));

/** `deadSince`: when the push service reported the address as invalid. */
const listed = dataOutput(
  z.object({
    addresses: z.array(z.object({ id: z.string(), kind: z.string(), since: z.iso.datetime(), deadSince: z.iso.datetime().optional() })),
  }),
);

const listCommand = (terminal: Terminal): Command =>
  new Command('list')
    .description('List the device addresses of a push token by their ids.')
    .argument('<serial>', 'serial of the push token')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address list PIPU0001A2B3')
    .action((serial: string, { config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) =>
        listed.print(terminal, { json }, listed.read(await client.call('GET', pathOf(serial))), ({ addresses }) =>
          printTable(terminal, addresses, [
            { head: 'ID', cell: ({ id }) => id },
            { head: 'KIND', cell: ({ kind }) => kind },
            { head: 'SINCE', cell: ({ since }) => since },
            { head: 'DEAD_SINCE', cell: ({ deadSince }) => deadSince, tone: ({ deadSince }) => (deadSince ? 'bad' : undefined) },
          ]),
        ),
      ),
    );

const added = dataOutput(z.object({ serial: z.string(), id: z.string() }));

const addCommand = (terminal: Terminal): Command =>
  new Command('add')
    .description('Add a device address beside those that the phone told.')
    .argument('<serial>', 'serial of the push token')
    .addOption(new Option('-k, --kind <kind>', 'kind of the address').choices(['fcm', 'apns', 'gda', 'webpush']).makeOptionMandatory())
    .requiredOption('-v, --value <address>', 'the address itself')
    .addOption(added.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address add PIPU0001A2B3 --kind gda --value 0102030405')
    .action((serial: string, { kind, value, config, json }: Flags & { kind: string; value: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = added.read({ serial, ...(await client.call('POST', pathOf(serial), { kind, value })) });
        added.print(terminal, { json }, reply, ({ id }) => terminal.out(`added: ${id}`));
      }),
    );

const removed = dataOutput(z.object({ serial: z.string(), id: z.string(), removed: z.literal(true) }));

const removeCommand = (terminal: Terminal): Command =>
  new Command('remove')
    .description('Remove a device address.')
    .argument('<serial>', 'serial of the push token')
    .argument('<id>', 'id of the address, as "list" shows it')
    .addOption(removed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens address remove PIPU0001A2B3 0a1b2c3d4e5f')
    .action((serial: string, id: string, { config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        await client.call('DELETE', `${pathOf(serial)}/${encodeURIComponent(id)}`);
        removed.print(terminal, { json }, { serial, id, removed: true }, () => terminal.out('removed'));
      }),
    );
