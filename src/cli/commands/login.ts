import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { gatewayFor } from '../gateway-address.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption, defaultConfigFile } from './config-option.ts';
import { approve, decline } from './phone.ts';
import { phoneOption, pollPhone, withEnrolledPhone } from './phone-option.ts';

type LoginOptions = {
  config: string;
  phone: string;
  user: string;
  realm?: string;
  pin: string;
  approve?: boolean;
  decline?: boolean;
  wait: string;
};

const pauseMs = 500;

/** `pushgate login`: logs in as a plug-in would: start, ask until the phone answered, finish. */
export function loginCommand(terminal: Terminal): Command {
  return new Command('login')
    .requiredOption('-u, --user <name>', 'user')
    .option('-r, --realm <realm>', 'realm of the user')
    .option('-p, --pin <pin>', 'PIN that starts the login', '')
    .option('--approve', 'let the virtual phone on this machine approve')
    .option('--decline', 'let the virtual phone on this machine decline')
    .option('--wait <seconds>', 'how long to wait for the phone', '120')
    .addOption(phoneOption())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate login --user alice --pin 1234 --approve')
    .action(async (options: LoginOptions) => {
      const client = openGatewayClient(await gatewayFor(options.config, terminal));
      try {
        await login(client, terminal, options);
      } finally {
        await client.close();
      }
    });
}

async function login(client: GatewayClient, terminal: Terminal, options: LoginOptions): Promise<void> {
  const who = { user: options.user, ...(options.realm === undefined ? {} : { realm: options.realm }) };
  const started = await client.call('POST', '/validate/check', { ...who, pass: options.pin });
  const { message, transaction_id: id, serial } = started.detail;
  terminal.out(`${started.authentication}: ${String(message)}`);
  if (started.authentication !== 'CHALLENGE' || typeof id !== 'string') {
    const where = options.config === defaultConfigFile ? '' : ` --config ${options.config}`;
    throw new CommandFailed(`the login was not started. Is the PIN right, and is a phone enrolled? See: npx pushgate tokens list${where}`);
  }
  if (options.approve || options.decline) await answerHere(terminal, options, typeof serial === 'string' ? serial : undefined);
  const status = await waitForAnswer(client, id, Date.now() + Number(options.wait) * 1000);
  terminal.out(`The phone's answer: ${status}`);
  const finished = await client.call('POST', '/validate/check', { ...who, pass: '', transaction_id: id });
  terminal.out(`${finished.authentication}: ${String(finished.detail.message)}`);
  if (finished.authentication !== 'ACCEPT') throw new CommandFailed('the login was not accepted.');
  terminal.out('Login accepted.');
}

async function answerHere(terminal: Terminal, options: LoginOptions, serial: string | undefined): Promise<void> {
  await withEnrolledPhone(options.phone, async (phone) => {
    const requests = await pollPhone(phone, terminal, serial);
    if (requests.length === 0)
      throw new CommandFailed(
        'the virtual phone on this machine has nothing to answer. Was its token enrolled here? See: npx pushgate phone list',
      );
    for (const request of requests)
      await (options.approve ? approve(phone, terminal, request, undefined) : decline(phone, terminal, request, undefined));
  });
}

async function waitForAnswer(client: GatewayClient, id: string, until: number): Promise<string> {
  for (;;) {
    const { detail } = await client.call('GET', '/validate/polltransaction', { transaction_id: id });
    const status = String(detail.challenge_status);
    if (status !== 'pending' || Date.now() >= until) return status;
    await sleep(pauseMs);
  }
}
