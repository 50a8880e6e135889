import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

const Tokens = z.object({
  type: z.string(),
  rolloutState: z.string(),
  enabled: z.boolean(),
  assigned: z.boolean(),
  locked: z.boolean().describe('The fail count is at its maximum.'),
  count: z.int(),
});
const LastHour = z.object({
  loginsStarted: z.int(),
  loginsFinished: z.int(),
  loginsRefused: z.int(),
  phonesAnswered: z.int(),
  loginsReported: z.int().describe('Logins that a user reported as not their own.'),
  phonesEnrolled: z.int(),
});
const Provider = z.object({
  name: z.string(),
  kind: z.string(),
  circuit: z.string(),
  inFlight: z.int(),
  lastSuccess: z.iso.datetime().optional(),
  lastError: z.object({ at: z.iso.datetime(), reason: z.string() }).optional(),
});
const stats = dataOutput(
  z.object({
    at: z.iso.datetime(),
    tokens: z.array(Tokens).describe('Push tokens, counted by type and state.'),
    openTransactions: z.int().describe('Logins that a phone can still answer.'),
    lastHour: LastHour.describe('Audit events of the last hour, from all gateways.'),
    providers: z.array(Provider).describe('Providers, as seen by the gateway that was asked.'),
  }),
);

/** `pushgate stats`: numbers of the store and of the last hour. */
export function statsCommand(terminal: Terminal): Command {
  return new Command('stats')
    .addOption(stats.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate stats --json')
    .action(({ config, json }: JsonFlag & { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = await client.call('GET', '/ops/stats');
        stats.print(terminal, { json }, stats.read(reply), (data) => printStats(terminal, data));
      }),
    );
}

function printStats(terminal: Terminal, { tokens, openTransactions, lastHour, providers }: ReturnType<typeof stats.read>): void {
  printTable(terminal, tokens, [
    { head: 'PUSH_TOKENS', cell: ({ count }) => count },
    { head: 'TYPE', cell: ({ type }) => type },
    { head: 'ROLLOUT', cell: ({ rolloutState }) => rolloutState },
    { head: 'STATE', cell: ({ enabled }) => (enabled ? 'enabled' : 'disabled') },
    { head: 'LOCKED', cell: ({ locked }) => (locked ? 'locked' : 'no'), tone: ({ locked }) => (locked ? 'warning' : undefined) },
    { head: 'OWNER', cell: ({ assigned }) => (assigned ? 'yes' : 'none') },
  ]);
  terminal.out('');
  const { loginsStarted, loginsFinished, loginsRefused, phonesAnswered, loginsReported, phonesEnrolled } = lastHour;
  terminal.out(`Logins that wait for a phone now: ${openTransactions}`);
  terminal.out(
    `Last hour: ${loginsStarted} logins started, ${loginsFinished} finished, ${loginsRefused} refused, ${loginsReported} reported;`,
  );
  terminal.out(`           phones answered ${phonesAnswered} times, ${phonesEnrolled} were enrolled`);
  terminal.out('');
  printTable(terminal, providers, [
    { head: 'PROVIDER', cell: ({ name }) => name },
    { head: 'KIND', cell: ({ kind }) => kind },
    { head: 'BREAKER', cell: ({ circuit }) => circuit, tone: ({ circuit }) => (circuit === 'closed' ? 'good' : 'bad') },
    { head: 'UNDER_WAY', cell: ({ inFlight }) => inFlight },
    { head: 'LAST_SUCCESS', cell: ({ lastSuccess }) => lastSuccess },
    { head: 'LAST_ERROR', cell: ({ lastError }) => lastError && `${lastError.at} ${lastError.reason}` },
  ]);
}
