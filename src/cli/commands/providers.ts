import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { type OpsClient, withOpsClient } from '../ops-client.ts';
import { type Column, dataOutput, type JsonFlag, printTable, readReply } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate providers …`: the providers of the running gateway. */
export function providersCommand(terminal: Terminal): Command {
  return new Command('providers')
    .addHelpText('after', '\nExample:\n  npx pushgate providers check')
    .addCommand(listCommand(terminal))
    .addCommand(checkCommand(terminal))
    .addCommand(resetCommand(terminal))
    .addCommand(sendTestCommand(terminal));
}

type Flags = JsonFlag & { config: string };

/**
 * `problem` is set for a provider that could not be opened and takes no push. `clockSkewMs`: how far the gateway's
 * clock is ahead of the provider's.
 */
const Provider = z.object({
  name: z.string(),
  kind: z.string(),
  default: z.boolean(),
  addresses: z.array(z.string()),
  circuit: z.enum(['closed', 'open', 'half-open']),
  inFlight: z.int(),
  queued: z.int(),
  lastSuccess: z.iso.datetime().optional(),
  lastError: z.object({ at: z.iso.datetime(), reason: z.string(), detail: z.string().optional() }).optional(),
  expires: z.array(z.object({ kind: z.string(), what: z.string(), at: z.iso.datetime(), inChain: z.literal(true).optional() })),
  servers: z.array(z.object({ name: z.string(), state: z.string() })),
  clockSkewMs: z.number().optional(),
  problem: z.string().optional(),
});
type Provider = z.output<typeof Provider>;
const listed = dataOutput(z.object({ providers: z.array(Provider) }));

const columns: Column<Provider>[] = [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'KIND', cell: ({ kind }) => kind },
  {
    head: 'BREAKER',
    cell: ({ circuit, problem }) => (problem === undefined ? circuit : 'out-of-use'),
    tone: ({ circuit, problem }) => (problem !== undefined ? 'bad' : circuit === 'closed' ? 'good' : 'warning'),
  },
  { head: 'IN_FLIGHT', cell: ({ inFlight }) => inFlight },
  { head: 'QUEUED', cell: ({ queued }) => queued },
  { head: 'LAST_SUCCESS', cell: ({ lastSuccess }) => lastSuccess },
  { head: 'LAST_ERROR', cell: ({ lastError }) => lastError?.at },
  { head: 'ENDS', cell: ({ expires }) => expires.map(({ at }) => at).sort()[0] },
  { head: 'SERVERS', cell: ({ servers }) => servers.map(({ name, state }) => `${name} ${state}`).join(', ') },
  {
    head: 'PROBLEM',
    cell: ({ lastError, problem }) => problem ?? (lastError && [lastError.reason, lastError.detail].filter(Boolean).join(': ')),
  },
];

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('How every provider fares: breaker, pushes under way, last success, last error, end of its credentials.')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers list')
    .action(({ config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) =>
        listed.print(terminal, { json }, { providers: await providersOf(client) }, ({ providers }) =>
          printTable(terminal, providers, columns),
        ),
      ),
    );
}

const providersOf = async (client: OpsClient) => listed.read(await client.call('GET', '/ops/providers')).providers;

const pathOf = (name: string, act: 'check' | 'reset' | 'test'): string => `/ops/providers/${encodeURIComponent(name)}/${act}`;

const Checked = z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional(), problem: z.string().optional() });
const checked = dataOutput(z.object({ providers: z.array(Checked) }));

function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description("Prove the providers' credentials end to end, without ringing a phone; one that was left alone and works is taken back.")
    .argument('[name]', 'provider; all of them without it')
    .addOption(checked.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers check fcm-corp')
    .action((only: string | undefined, { config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const names = only === undefined ? (await providersOf(client)).map(({ name }) => name) : [only];
        const found: z.output<typeof Checked>[] = [];
        for (const name of names) {
          const result = readReply(Checked, { name, ...(await client.call('POST', pathOf(name, 'check'))) });
          found.push(result);
          if (!json) terminal.out(checkLine(result));
        }
        checked.print(terminal, { json }, { providers: found }, () => undefined);
        const failed = found.filter(({ ok }) => !ok).map(({ name }) => name);
        if (failed.length > 0) throw new CommandFailed(`${failed.join(', ')} cannot deliver. What is said above tells what to do.`);
      }),
    );
}

const checkLine = ({ name, ok, detail, problem }: z.output<typeof Checked>): string =>
  `${name}: ${ok ? `fine${detail === undefined ? '' : `, ${detail}`}` : problem}`;

const reset = dataOutput(z.object({ name: z.string(), reset: z.literal(true) }));

function resetCommand(terminal: Terminal): Command {
  return new Command('reset')
    .description(
      'Open a provider anew, without sending anything: it is taken back, and what it remembers of failures and connections is gone.',
    )
    .argument('<name>', 'provider')
    .addOption(reset.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers reset fcm-corp')
    .action((name: string, { config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const { ok, problem } = await client.call('POST', pathOf(name, 'reset'));
        if (ok !== true) throw new CommandFailed(`${name} cannot be opened, and stays as it was: ${problem}`);
        reset.print(terminal, { json }, { name, reset: true }, () => terminal.out(`${name} is opened anew; its breaker is closed.`));
      }),
    );
}

/** `attempts`: the steps of the delivery plan, in order. */
const tested = dataOutput(
  z.object({
    sent: z.boolean(),
    transactionId: z.string(),
    attempts: z.array(z.object({ provider: z.string(), outcome: z.string(), reason: z.string().optional(), ms: z.number() })),
  }),
);

function sendTestCommand(terminal: Terminal): Command {
  return new Command('send-test')
    .description('Send a test push to the phone of a push token by this provider alone. Nobody logs in by its answer.')
    .argument('<name>', 'provider')
    .requiredOption('-s, --serial <serial>', 'push token whose phone is to ring')
    .addOption(tested.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers send-test fcm-corp --serial PIPU0001A2B3')
    .action((name: string, { serial, config, json }: Flags & { serial: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = tested.read(await client.call('POST', pathOf(name, 'test'), { serial }));
        tested.print(terminal, { json }, reply, ({ attempts }) => {
          for (const { provider, outcome, reason, ms } of attempts)
            terminal.out(`${provider}: ${[outcome, reason].filter(Boolean).join(' ')} after ${ms} ms`);
        });
        if (!reply.sent) throw new CommandFailed(`${name} did not take the push over.`);
        if (!json) terminal.out(`${name} has taken it over. Transaction ${reply.transactionId}`);
      }),
    );
}
