import { Command, Option } from 'commander';
import { z } from 'zod';
import { statuses } from '../../engine/decisions/status.ts';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient, withQuery } from '../ops-client.ts';
import { type Column, coloured, dataOutput, type JsonFlag, printTable, type Tone } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate transactions …`: logins that wait for a phone, and logins that ended in the last hour. */
export function transactionsCommand(terminal: Terminal): Command {
  return new Command('transactions')
    .addHelpText('after', '\nExample:\n  npx pushgate transactions list --user alice --since 10m')
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal));
}

const Transaction = z.object({
  id: z.string(),
  kind: z.string().describe('login, activation, enrolment or relay.'),
  status: z.string(),
  user: z.string(),
  realm: z.string(),
  authServer: z.string(),
  dialect: z.string(),
  createdAt: z.iso.datetime(),
  challenges: z.array(z.object({ serial: z.string(), mode: z.string(), state: z.string() })).describe('One per phone that was asked.'),
});
type Transaction = z.output<typeof Transaction>;
const listed = dataOutput(z.object({ transactions: z.array(Transaction) }));

const tones: Readonly<Record<string, Tone>> = { consumed: 'good', accepted: 'good', declined: 'bad', locked: 'bad', expired: 'warning' };
const toneOf = ({ status }: { status: string }): Tone | undefined => tones[status];

const columns: Column<Transaction>[] = [
  { head: 'TIME', cell: ({ createdAt }) => createdAt },
  { head: 'STATUS', cell: ({ status }) => status, tone: toneOf },
  { head: 'USER', cell: ({ user }) => user },
  { head: 'REALM', cell: ({ realm }) => realm },
  { head: 'AUTH_SERVER', cell: ({ authServer }) => authServer },
  { head: 'SERIALS', cell: ({ challenges }) => challenges.map(({ serial }) => serial).join(' ') },
  { head: 'ID', cell: ({ id }) => id },
];

type ListOptions = JsonFlag & {
  config: string;
  user?: string;
  realm?: string;
  serial?: string;
  state?: string;
  since?: string;
  limit: string;
};

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List logins that are open, and those that ended within the hour, newest first.')
    .option('-u, --user <name>', 'only those of this user, in any case')
    .option('-r, --realm <realm>', 'only those of this realm')
    .option('-s, --serial <serial>', 'only those that asked this push token')
    .addOption(new Option('--state <state>', 'only those with this status').choices(statuses))
    .option('--since <time>', 'only those that began since then: 2026-11-30T08:00:00Z, or 90m, 12h for so long ago')
    .option('--limit <count>', 'so many, 1000 at most', '100')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate transactions list --serial PIPU0001A2B3 --state expired')
    .action(({ config, json, user, realm, serial, state, since, limit }: ListOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = await client.call('GET', withQuery('/ops/transactions', { user, realm, serial, state, since, limit }));
        listed.print(terminal, { json }, listed.read(reply), ({ transactions }) => printTable(terminal, transactions, columns));
      }),
    );
}

const Attempt = z.object({
  at: z.iso.datetime(),
  serial: z.string(),
  provider: z.string(),
  outcome: z.string(),
  reason: z.string().describe('Empty for a push that was sent.'),
  ms: z.number().describe('Duration of the attempt.'),
});
const shown = dataOutput(
  Transaction.extend({
    answerUntil: z.iso.datetime().describe('Phones may answer before this moment.'),
    finishUntil: z.iso.datetime().describe('The auth server may finish before this moment.'),
    trail: z.array(Attempt).describe('Delivery attempts, oldest first.'),
  }),
);

function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('Show where a login stands, and what became of its pushes.')
    .argument('<id>', 'id of the transaction, as list shows it')
    .addOption(shown.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate transactions show 12300000000000000017')
    .action((id: string, { config, json }: JsonFlag & { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = await client.call('GET', `/ops/transactions/${encodeURIComponent(id)}`);
        shown.print(terminal, { json }, shown.read(reply), (data) => printTransaction(terminal, data));
      }),
    );
}

type Shown = ReturnType<typeof shown.read>;

function printTransaction(terminal: Terminal, { challenges, trail, ...rest }: Shown): void {
  terminal.out(`${rest.kind} ${rest.id}: ${coloured(terminal, toneOf(rest), rest.status)}`);
  terminal.out(`user         ${rest.user}${rest.realm === '' ? '' : `@${rest.realm}`}`);
  terminal.out(`auth server  ${rest.authServer || '(none)'}, by ${rest.dialect}`);
  terminal.out(`began        ${rest.createdAt}`);
  terminal.out(`ends         ${rest.answerUntil} for phones, ${rest.finishUntil} for the auth server`);
  terminal.out('');
  printTable(terminal, challenges, [
    { head: 'SERIAL', cell: ({ serial }) => serial },
    { head: 'MODE', cell: ({ mode }) => mode },
    { head: 'STATE', cell: ({ state }) => state },
  ]);
  terminal.out('');
  printTable(terminal, trail, [
    { head: 'TIME', cell: ({ at }) => at },
    { head: 'SERIAL', cell: ({ serial }) => serial },
    { head: 'PROVIDER', cell: ({ provider }) => provider },
    { head: 'OUTCOME', cell: ({ outcome }) => outcome, tone: ({ outcome }) => (outcome === 'sent' ? 'good' : 'warning') },
    { head: 'REASON', cell: ({ reason }) => reason },
    { head: 'MS', cell: ({ ms }) => ms },
  ]);
}
