import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { record, records } from '../../foundation/model/index.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
import { type Column, dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';
import { addressCommand } from './token-addresses.ts';
import { initFromCsv } from './tokens-csv.ts';

/** `pushgate tokens …`: the push tokens of the running gateway. */
export function tokensCommand(terminal: Terminal): Command {
  const tokens = new Command('tokens').addHelpText('after', '\nExample:\n  npx pushgate tokens list --user alice');
  const withGateway: WithGateway = async (file, work, flavour) => {
    const client = openGatewayClient(await configFor(file, terminal), terminal, flavour);
    try {
      await work(client);
    } finally {
      await client.close();
    }
  };
  tokens.addCommand(initCommand(terminal, withGateway));
  tokens.addCommand(listCommand(terminal, withGateway));
  tokens.addCommand(addressCommand(terminal));
  for (const [name, description, method, path] of simpleCalls) {
    tokens.addCommand(
      new Command(name)
        .description(description)
        .argument('<serial>', 'serial of the push token')
        .addOption(changed.option())
        .addOption(configOption(terminal))
        .addHelpText('after', `\nExample:\n  npx pushgate tokens ${name} PIPU0001A2B3`)
        .action((serial: string, { config, json }: JsonFlag & { config: string }) =>
          withGateway(config, async (client) => {
            const { value } = await client.callAsAdmin(method, `${path}/${encodeURIComponent(serial)}`);
            changed.print(terminal, { json }, { serial, changed: Number(value) }, () => terminal.out(`${name}: ${String(value)} changed`));
          }),
        ),
    );
  }
  return tokens;
}

const simpleCalls = [
  ['delete', 'Delete a push token.', 'DELETE', '/token'],
  ['enable', 'Enable a push token.', 'POST', '/token/enable'],
  ['disable', 'Disable a push token.', 'POST', '/token/disable'],
  ['reset', 'Forget all failures of a push token, those of waiting networks too.', 'POST', '/token/reset'],
] as const;

const changed = dataOutput(z.object({ serial: z.string(), changed: z.int().describe('How many push tokens were changed.') }));

type WithGateway = (file: string, work: (client: GatewayClient) => Promise<void>, flavour?: 'edumfa') => Promise<void>;
type InitOptions = {
  config: string;
  type: 'push' | 'edupush';
  user?: string;
  realm?: string;
  pin?: string;
  serial?: string;
  qr?: string;
  csv?: string;
} & JsonFlag;

/** `uri` is the text of the QR code; whoever has it can enrol the push token. `csv` makes many, and prints CSV. */
const made = dataOutput(z.object({ serial: z.string(), uri: z.string(), qrFile: z.string().optional() }));

function initCommand(terminal: Terminal, withGateway: WithGateway): Command {
  return new Command('init')
    .description('Make a push token that waits for its phone, and print the text of its QR code.')
    .option('-u, --user <name>', 'owner')
    .option('-r, --realm <realm>', 'realm of the owner')
    .option('-p, --pin <pin>', 'PIN that starts a login')
    .option('-s, --serial <serial>', 'serial; one is made without it')
    .addOption(new Option('-t, --type <type>', 'push, or edupush for the apps of eduMFA').choices(['push', 'edupush']).default('push'))
    .option('--qr <file>', 'also write the QR code as a PNG picture')
    .addOption(
      new Option('--csv <file>', 'one for each line of a file, whose first line names columns: user,realm,pin,serial').conflicts([
        ...['user', 'realm', 'pin', 'serial', 'qr', 'json'],
      ]),
    )
    .addOption(made.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png\n  npx pushgate tokens init --csv users.csv > codes.csv',
    )
    .action(({ config, qr, csv, json, ...wish }: InitOptions) => {
      const work = async (client: GatewayClient): Promise<void> => {
        if (csv !== undefined) return initFromCsv(client, terminal, { csv, type: wish.type });
        const { detail } = await client.callAsAdmin('POST', '/token/init', { genkey: '1', ...wish });
        const { value, img } = record(detail.pushurl);
        if (typeof value !== 'string' || typeof img !== 'string') throw new CommandFailed('the gateway sent no QR code');
        const serial = String(detail.serial);
        if (qr !== undefined) writePicture(qr, img);
        made.print(terminal, { json }, { serial, uri: value, qrFile: qr }, () => terminal.out(value));
        if (wish.user === undefined)
          terminal.err(`The push token ${serial} has no owner: it logs in by its serial alone. With --user it is made for a user.`);
        if (qr !== undefined) terminal.err(`QR code in ${qr}. Next: npx pushgate phone enrol --qr ${qr}`);
      };
      return withGateway(config, work, wish.type === 'edupush' ? 'edumfa' : undefined);
    });
}

function writePicture(file: string, dataUrl: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64'), { mode: 0o600 });
}

const PushToken = z.object({
  serial: z.string(),
  type: z.string(),
  user: z.string().optional().describe('Owner; left out where there is none.'),
  realm: z.string().optional(),
  rolloutState: z.string(),
  enabled: z.boolean(),
  failures: z.int(),
});
type PushToken = z.output<typeof PushToken>;
const listed = dataOutput(z.object({ tokens: z.array(PushToken) }));

const columns: Column<PushToken>[] = [
  { head: 'SERIAL', cell: ({ serial }) => serial },
  { head: 'USER', cell: ({ user }) => user },
  { head: 'REALM', cell: ({ realm }) => realm },
  { head: 'ROLLOUT', cell: ({ rolloutState }) => rolloutState },
  { head: 'STATE', cell: ({ enabled }) => (enabled ? 'enabled' : 'disabled'), tone: ({ enabled }) => (enabled ? 'good' : 'warning') },
  { head: 'FAILURES', cell: ({ failures }) => failures, tone: ({ failures }) => (failures > 0 ? 'warning' : undefined) },
];

type ListOptions = JsonFlag & { config: string; user?: string; realm?: string; serial?: string };

function listCommand(terminal: Terminal, withGateway: WithGateway): Command {
  return new Command('list')
    .description('List push tokens.')
    .option('-u, --user <name>', 'only those of this user')
    .option('-r, --realm <realm>', 'only those of this realm')
    .option('-s, --serial <serial>', 'only this serial; * stands for any text')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate tokens list --serial "PIPU*"')
    .action(({ config, json, ...filter }: ListOptions) =>
      withGateway(config, async (client) =>
        listed.print(terminal, { json }, { tokens: await tokensFrom(client, filter) }, ({ tokens }) =>
          printTable(terminal, tokens, columns),
        ),
      ),
    );
}

const pageSize = 1000;

/** Every push token that fits, a page at a time. */
async function tokensFrom(client: GatewayClient, filter: Readonly<Record<string, string>>): Promise<PushToken[]> {
  const found: PushToken[] = [];
  for (let page = 1; ; page += 1) {
    const { value } = await client.callAsAdmin('GET', '/token/', { ...filter, page: String(page), pagesize: String(pageSize) });
    const tokens = records(record(value).tokens);
    found.push(...tokens.map(pushTokenOf));
    if (tokens.length < pageSize) return found;
  }
}

const pushTokenOf = ({ serial, tokentype, username, user_realm, rollout_state, active, failcount }: Readonly<Record<string, unknown>>) => ({
  serial: String(serial),
  type: String(tokentype),
  user: username ? String(username) : undefined,
  realm: user_realm ? String(user_realm) : undefined,
  rolloutState: String(rollout_state),
  enabled: active === true,
  failures: Number(failcount),
});
