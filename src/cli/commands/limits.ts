import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { type Column, dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/**
 * `phones` rang recently without an approval. `quiet` logins send no push after wrong PINs, per user or per push token.
 */
const listed = dataOutput(
  z.object({
    phones: z.array(
      z.object({
        serial: z.string(),
        user: z.string().optional(),
        realm: z.string().optional(),
        unanswered: z.int(),
        mutedUntil: z.iso.datetime().optional(),
      }),
    ),
    quiet: z.array(
      z.object({
        serial: z.string().optional(),
        user: z.string().optional(),
        realm: z.string().optional(),
        authServer: z.string().optional().describe('All unknown clients of this auth server; absent for one known client.'),
        until: z.iso.datetime(),
      }),
    ),
  }),
);

/** A table row: a phone, or quiet logins. */
type Row = {
  what: 'phone' | 'logins';
  serial?: string | undefined;
  user?: string | undefined;
  realm?: string | undefined;
  unanswered?: number;
  until?: string | undefined;
  from?: string;
};

const columns: Column<Row>[] = [
  { head: 'WHAT', cell: ({ what }) => what },
  { head: 'SERIAL', cell: ({ serial }) => serial },
  { head: 'USER', cell: ({ user }) => user },
  { head: 'REALM', cell: ({ realm }) => realm },
  { head: 'UNANSWERED', cell: ({ unanswered }) => unanswered },
  { head: 'QUIET_UNTIL', cell: ({ until }) => until, tone: () => 'warning' },
  { head: 'FROM', cell: ({ from }) => from },
];

type Flags = JsonFlag & { config: string };

/**
 * `pushgate limits …`: phones that rang too often without an approval, and logins that send no push after wrong PINs.
 */
export function limitsCommand(terminal: Terminal): Command {
  return new Command('limits')
    .addHelpText('after', '\nExample:\n  npx pushgate limits clear PIPU0001A2B3')
    .addCommand(listCommand(terminal))
    .addCommand(clearCommand(terminal));
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description(
      'List the phones that rang without a yes lately, those that ring no more for a while, and logins that are quiet after too many wrong PINs.',
    )
    .option('-s, --serial <serial>', 'only that of this push token')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate limits list')
    .action(({ config, serial, json }: Flags & { serial?: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const query = serial === undefined ? '' : `?serial=${encodeURIComponent(serial)}`;
        listed.print(terminal, { json }, listed.read(await client.call('GET', `/ops/limits${query}`)), ({ phones, quiet }) => {
          const rows: Row[] = [
            ...phones.map(({ mutedUntil, ...phone }) => ({ what: 'phone' as const, ...phone, until: mutedUntil })),
            ...quiet.map(({ authServer, ...logins }) => ({
              what: 'logins' as const,
              ...logins,
              from: authServer === undefined ? 'a known client' : `all unknown clients of ${authServer}`,
            })),
          ];
          printTable(terminal, rows, columns);
        });
      }),
    );
}

const cleared = dataOutput(z.object({ serial: z.string(), cleared: z.literal(true) }));

function clearCommand(terminal: Terminal): Command {
  return new Command('clear')
    .description('Let a phone ring again as if nothing had been asked of it, and forget wrong PINs of its user.')
    .argument('<serial>', 'serial of the push token')
    .addOption(cleared.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate limits clear PIPU0001A2B3')
    .action((serial: string, { config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = cleared.read(await client.call('DELETE', `/ops/limits/${encodeURIComponent(serial)}`));
        cleared.print(terminal, { json }, reply, () => terminal.out('cleared'));
      }),
    );
}
