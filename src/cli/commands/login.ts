import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import { configOption, defaultConfigFile } from './config-option.ts';
import { approve, decline, tellAnswer } from './phone-answers.ts';
import { phoneOption, pollPhone, withEnrolledPhone } from './phone-option.ts';

type LoginOptions = JsonFlag & {
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

/**
 * `result` is the gateway's last result: `ACCEPT`, `REJECT` or `CHALLENGE`. `answer` is the phone's; absent if no login
 * was started.
 */
const outcome = dataOutput(
  z.object({
    accepted: z.boolean(),
    result: z.string(),
    message: z.string(),
    transactionId: z.string().optional(),
    answer: z.string().optional(),
  }),
);

/** `pushgate login`: logs in as a plug-in does: start, poll until the phone has answered, finish. */
export function loginCommand(terminal: Terminal): Command {
  return new Command('login')
    .requiredOption('-u, --user <name>', 'user')
    .option('-r, --realm <realm>', 'realm of the user')
    .option('-p, --pin <pin>', 'PIN that starts the login', '')
    .option('--approve', 'let the virtual phone on this machine approve')
    .option('--decline', 'let the virtual phone on this machine decline')
    .option('--wait <seconds>', 'how long to wait for the phone', '120')
    .addOption(phoneOption())
    .addOption(outcome.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate login --user alice --pin 1234 --approve')
    .action(async (options: LoginOptions) => {
      const { json, wait } = options;
      if (!/^\d+(\.\d+)?$/.test(wait)) throw new WrongUsage(`--wait takes a number of seconds, not ${JSON.stringify(wait)}.`);
      const client = openGatewayClient(await gatewayFor(options.config, terminal));
      // With --json only the result is printed.
      const story = json ? { ...terminal, out: () => undefined } : terminal;
      try {
        const ended = await login(client, story, options);
        outcome.print(terminal, { json }, ended, () => undefined);
        if (ended.answer === undefined) throw notStarted(options);
        if (!ended.accepted) throw new CommandFailed('the login was not accepted.');
        story.out('Login accepted.');
      } finally {
        await client.close();
      }
    });
}

async function login(client: GatewayClient, story: Terminal, options: LoginOptions): Promise<z.output<typeof outcome.schema>> {
  const who = { user: options.user, ...(options.realm === undefined ? {} : { realm: options.realm }) };
  const started = await client.call('POST', '/validate/check', { ...who, pass: options.pin });
  const { message, transaction_id: id, serial } = started.detail;
  story.out(`${started.authentication}: ${String(message)}`);
  if (started.authentication !== 'CHALLENGE' || typeof id !== 'string')
    return { accepted: false, result: String(started.authentication), message: String(message) };
  if (options.approve || options.decline) await answerHere(story, options, typeof serial === 'string' ? serial : undefined);
  const answer = await waitForAnswer(client, id, Date.now() + Number(options.wait) * 1000);
  story.out(`The phone's answer: ${answer}`);
  const finished = await client.call('POST', '/validate/check', { ...who, pass: '', transaction_id: id });
  const result = String(finished.authentication);
  story.out(`${result}: ${String(finished.detail.message)}`);
  return { accepted: result === 'ACCEPT', result, message: String(finished.detail.message), transactionId: id, answer };
}

function notStarted({ config }: LoginOptions): CommandFailed {
  const where = config === defaultConfigFile ? '' : ` --config ${config}`;
  return new CommandFailed(`the login was not started. Is the PIN right, and is a phone enrolled? See: npx pushgate tokens list${where}`);
}

async function answerHere(story: Terminal, options: LoginOptions, serial: string | undefined): Promise<void> {
  await withEnrolledPhone(options.phone, async (phone) => {
    const requests = await pollPhone(phone, story, serial);
    if (requests.length === 0)
      throw new CommandFailed(
        'the virtual phone on this machine has nothing to answer. Was its token enrolled here? See: npx pushgate phone list',
      );
    for (const request of requests)
      tellAnswer(story, await (options.approve ? approve(phone, request, undefined) : decline(phone, request, undefined)));
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
