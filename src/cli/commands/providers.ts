import { Command } from 'commander';
import { record, records } from '../../foundation/model/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { type OpsClient, withOpsClient } from '../ops-client.ts';
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

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('How every provider fares: breaker, pushes under way, last success, last error, end of its credentials.')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers list')
    .action(({ config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        for (const provider of await providersOf(client)) for (const line of statusLines(provider)) terminal.out(line);
      }),
    );
}

const providersOf = async (client: OpsClient) => records((await client.call('GET', '/ops/providers')).providers);

function statusLines({
  name,
  kind,
  circuit,
  inFlight,
  queued,
  lastSuccess,
  lastError,
  expires,
  servers,
  problem,
}: Readonly<Record<string, unknown>>): string[] {
  const { at, reason, detail } = record(lastError);
  if (problem !== undefined) return [`${name} (${kind})  OUT OF USE: ${problem}`];
  return [
    `${name} (${kind})  breaker ${circuit}  under way ${inFlight}  waiting ${queued}`,
    `  last success ${lastSuccess ?? 'none'}`,
    `  last error   ${at === undefined ? 'none' : `${at} ${[reason, detail].filter(Boolean).join(': ')}`}`,
    ...records(servers).map((each) => `  ${each.name} ${each.state}`),
    ...records(expires).map((each) => `  ${each.kind} ${each.what} ends ${each.at}`),
  ];
}

function checkCommand(terminal: Terminal): Command {
  return new Command('check')
    .description("Prove the providers' credentials end to end, without ringing a phone; one that was left alone and works is taken back.")
    .argument('[name]', 'provider; all of them without it')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers check fcm-corp')
    .action((only: string | undefined, { config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const names = only === undefined ? (await providersOf(client)).map(({ name }) => String(name)) : [only];
        const failed: string[] = [];
        for (const name of names) {
          const { ok, detail, problem } = await client.call('POST', `/ops/providers/${encodeURIComponent(name)}/check`);
          terminal.out(`${name}: ${ok === true ? `fine${detail === undefined ? '' : `, ${detail}`}` : problem}`);
          if (ok !== true) failed.push(name);
        }
        if (failed.length > 0) throw new CommandFailed(`${failed.join(', ')} cannot deliver. What is said above tells what to do.`);
      }),
    );
}

function resetCommand(terminal: Terminal): Command {
  return new Command('reset')
    .description(
      'Open a provider anew, without sending anything: it is taken back, and what it remembers of failures and connections is gone.',
    )
    .argument('<name>', 'provider')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers reset fcm-corp')
    .action((name: string, { config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const { ok, problem } = await client.call('POST', `/ops/providers/${encodeURIComponent(name)}/reset`);
        if (ok !== true) throw new CommandFailed(`${name} cannot be opened, and stays as it was: ${problem}`);
        terminal.out(`${name} is opened anew; its breaker is closed.`);
      }),
    );
}

function sendTestCommand(terminal: Terminal): Command {
  return new Command('send-test')
    .description('Send a test push to the phone of a push token by this provider alone. Nobody logs in by its answer.')
    .argument('<name>', 'provider')
    .requiredOption('-s, --serial <serial>', 'push token whose phone is to ring')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate providers send-test fcm-corp --serial PIPU0001A2B3')
    .action((name: string, { serial, config }: { serial: string; config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const { sent, attempts, transactionId } = await client.call('POST', `/ops/providers/${encodeURIComponent(name)}/test`, { serial });
        for (const { provider, outcome, reason, ms } of records(attempts))
          terminal.out(`${provider}: ${[outcome, reason].filter(Boolean).join(' ')} after ${ms} ms`);
        if (sent !== true) throw new CommandFailed(`${name} did not take the push over.`);
        terminal.out(`${name} has taken it over. Transaction ${transactionId}`);
      }),
    );
}
