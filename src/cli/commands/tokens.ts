import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { record } from '../../foundation/model/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
import { type OpsClient, withOpsClient, withQuery } from '../ops-client.ts';
import { type Column, dataOutput, type JsonFlag, printQr, printTable } from '../output/index.ts';
import { readSecret, secretOptions } from '../secret-input.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';
import { tokenActs } from './token-acts.ts';
import { addressCommand } from './token-addresses.ts';
import { initFromCsv } from './tokens-csv.ts';

/** `pushgate tokens …`: the push tokens of the running gateway. */
export function tokensCommand(terminal: Terminal): Command {
  const tokens = new Command('tokens').addHelpText('after', '\nExample:\n  npx pushgate tokens list --user alice');
  const withGateway: WithGateway = async (file, work, flavour) => {
    const client = openGatewayClient(await gatewayFor(file, terminal), flavour);
    try {
      await work(client);
    } finally {
      await client.close();
    }
  };
  tokens.addCommand(initCommand(terminal, withGateway));
  for (const command of [listCommand(terminal), ...tokenActs(terminal), addressCommand(terminal)]) tokens.addCommand(command);
  return tokens;
}

type WithGateway = (file: string, work: (client: GatewayClient) => Promise<void>, flavour?: 'edumfa') => Promise<void>;
type InitOptions = {
  config: string;
  type: 'push' | 'edupush';
  user?: string;
  realm?: string;
  pin?: string;
  pinFile?: string;
  pinStdin?: true;
  serial?: string;
  qr?: string | false;
  csv?: string;
} & JsonFlag;

/**
 * `uri` is the content of the QR code; anybody who has it can enrol the push token. With `--csv` the command makes many
 * and prints CSV.
 */
const made = dataOutput(z.object({ serial: z.string(), uri: z.string(), qrFile: z.string().optional() }));

function initCommand(terminal: Terminal, withGateway: WithGateway): Command {
  const command = new Command('init')
    .description('Make a push token that waits for its phone, and print the text of its QR code.')
    .option('-u, --user <name>', 'owner')
    .option('-r, --realm <realm>', 'realm of the owner')
    .option('-p, --pin <pin>', 'PIN that starts a login; other users of this machine may see it')
    .option('-s, --serial <serial>', 'serial; one is made without it')
    .addOption(new Option('-t, --type <type>', 'push, or edupush for the apps of eduMFA').choices(['push', 'edupush']).default('push'))
    .option('--qr <file>', 'also write the QR code as a PNG picture')
    .option('--no-qr', 'draw no QR code on the terminal')
    .addOption(
      new Option('--csv <file>', 'one for each line of a file, whose first line names columns: user,realm,pin,serial').conflicts([
        ...['user', 'realm', 'pin', 'pinFile', 'pinStdin', 'serial', 'qr', 'json'],
      ]),
    )
    .addOption(made.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png\n  npx pushgate tokens init --csv users.csv > codes.csv',
    );
  for (const option of secretOptions('pin')) command.addOption(option);
  return command.action(async ({ config, csv, pinFile, pinStdin, ...options }: InitOptions) => {
    const { type } = options;
    const hasSource = pinFile !== undefined || pinStdin === true;
    const pin = hasSource ? await readSecret(terminal, 'PIN', { fromFile: pinFile, fromInput: pinStdin }) : options.pin;
    const work = (client: GatewayClient): Promise<void> =>
      csv === undefined ? initOne(client, terminal, { ...options, pin }) : initFromCsv(client, terminal, { csv, type });
    return withGateway(config, work, type === 'edupush' ? 'edumfa' : undefined);
  });
}

type OneWish = Pick<InitOptions, 'type' | 'user' | 'realm' | 'serial' | 'qr' | 'json'> & { pin: string | undefined };

async function initOne(client: GatewayClient, terminal: Terminal, { qr, json, pin, ...wish }: OneWish): Promise<void> {
  const { detail } = await client.callAsAdmin('POST', '/token/init', { genkey: '1', ...wish, ...(pin === undefined ? {} : { pin }) });
  const { value, img } = record(detail.pushurl);
  if (typeof value !== 'string' || typeof img !== 'string') throw new CommandFailed('the gateway sent no QR code');
  const serial = String(detail.serial);
  const qrFile = typeof qr === 'string' ? qr : undefined;
  if (qrFile !== undefined) writePicture(qrFile, img);
  made.print(terminal, { json }, { serial, uri: value, qrFile }, () => {
    terminal.out(value);
    if (qr !== false) printQr(terminal, value);
  });
  if (wish.user === undefined)
    terminal.err(`The push token ${serial} has no owner: it logs in by its serial alone. With --user it is made for a user.`);
  if (qrFile !== undefined) terminal.err(`QR code in ${qrFile}. Next: npx pushgate phone enrol --qr ${qrFile}`);
}

function writePicture(file: string, dataUrl: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64'), { mode: 0o600 });
}

const PushToken = z.object({
  serial: z.string(),
  type: z.string(),
  user: z.string().optional().describe('Owner; absent if there is none.'),
  realm: z.string().optional(),
  rolloutState: z.string().describe('offered (waits for its phone), paired, activating or enrolled (ready).'),
  enabled: z.boolean(),
  revoked: z.boolean(),
  locked: z.boolean().describe('The fail count is at its maximum.'),
  failures: z.int(),
  lastLogin: z.iso.datetime().optional(),
});
type PushToken = z.output<typeof PushToken>;
const listed = dataOutput(z.object({ tokens: z.array(PushToken) }));

const standingOf = ({ enabled, revoked, locked }: PushToken): string =>
  revoked ? 'revoked' : locked ? 'locked' : enabled ? 'enabled' : 'disabled';

const columns: Column<PushToken>[] = [
  { head: 'SERIAL', cell: ({ serial }) => serial },
  { head: 'USER', cell: ({ user }) => user },
  { head: 'REALM', cell: ({ realm }) => realm },
  { head: 'ROLLOUT', cell: ({ rolloutState }) => rolloutState },
  { head: 'STATE', cell: standingOf, tone: (token) => (standingOf(token) === 'enabled' ? 'good' : 'warning') },
  { head: 'FAILURES', cell: ({ failures }) => failures, tone: ({ failures }) => (failures > 0 ? 'warning' : undefined) },
];

type ListOptions = JsonFlag & { config: string; user?: string; realm?: string; serial?: string };

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List push tokens.')
    .option('-u, --user <name>', 'only those of this user; * stands for any text')
    .option('-r, --realm <realm>', 'only those of this realm')
    .option('-s, --serial <serial>', 'only this serial; * stands for any text')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens list --serial "PIPU*"')
    .action(({ config, json, user, realm, serial }: ListOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) =>
        listed.print(terminal, { json }, { tokens: await tokensFrom(client, { user, realm, serial }) }, ({ tokens }) =>
          printTable(terminal, tokens, columns),
        ),
      ),
    );
}

const pageSize = 1000;

/** Every push token that matches the filter, read page by page. */
async function tokensFrom(client: OpsClient, filter: Readonly<Record<string, string | undefined>>): Promise<PushToken[]> {
  const found: PushToken[] = [];
  for (;;) {
    const page = { ...filter, limit: String(pageSize), offset: String(found.length) };
    const { tokens } = listed.read(await client.call('GET', withQuery('/ops/tokens', page)));
    found.push(...tokens);
    if (tokens.length < pageSize) return found;
  }
}
