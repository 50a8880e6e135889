import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import { record } from '../../foundation/model/index.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
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
        .addOption(configOption())
        .addHelpText('after', `\nExample:\n  npx pushgate tokens ${name} PIPU0001A2B3`)
        .action((serial: string, { config }: { config: string }) =>
          withGateway(config, async (client) => {
            const { value } = await client.callAsAdmin(method, `${path}/${encodeURIComponent(serial)}`);
            terminal.out(`${name}: ${String(value)} changed`);
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
};

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
        ...['user', 'realm', 'pin', 'serial', 'qr'],
      ]),
    )
    .addOption(configOption())
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate tokens init --user alice --pin 1234 --qr data/alice.png\n  npx pushgate tokens init --csv users.csv > codes.csv',
    )
    .action(({ config, qr, csv, ...wish }: InitOptions) => {
      const work = async (client: GatewayClient): Promise<void> => {
        if (csv !== undefined) return initFromCsv(client, terminal, { csv, type: wish.type });
        const { detail } = await client.callAsAdmin('POST', '/token/init', { genkey: '1', ...wish });
        const { value, img } = record(detail.pushurl);
        if (typeof value !== 'string' || typeof img !== 'string') throw new CommandFailed('the gateway sent no QR code');
        terminal.out(value);
        if (wish.user === undefined)
          terminal.err(
            `The push token ${String(detail.serial)} has no owner: it logs in by its serial alone. With --user it is made for a user.`,
          );
        if (qr === undefined) return;
        mkdirSync(dirname(qr), { recursive: true });
        writeFileSync(qr, Buffer.from(img.slice(img.indexOf(',') + 1), 'base64'), { mode: 0o600 });
        terminal.err(`QR code in ${qr}. Next: npx pushgate phone enrol --qr ${qr}`);
      };
      return withGateway(config, work, wish.type === 'edupush' ? 'edumfa' : undefined);
    });
}

type ListOptions = { config: string; user?: string; realm?: string; serial?: string };

function listCommand(terminal: Terminal, withGateway: WithGateway): Command {
  return new Command('list')
    .description('List push tokens.')
    .option('-u, --user <name>', 'only those of this user')
    .option('-r, --realm <realm>', 'only those of this realm')
    .option('-s, --serial <serial>', 'only this serial; * stands for any text')
    .addOption(configOption())
    .addHelpText('after', '\nExample:\n  npx pushgate tokens list --serial "PIPU*"')
    .action(({ config, ...filter }: ListOptions) =>
      withGateway(config, async (client) => {
        const { value } = await client.callAsAdmin('GET', '/token/', { ...filter, pagesize: '1000' });
        const { tokens, count } = record(value);
        for (const token of Array.isArray(tokens) ? tokens : []) {
          const { serial, username, user_realm, rollout_state, active, failcount } = record(token);
          terminal.out(
            [serial, `${username}@${user_realm}`, rollout_state, active === true ? 'enabled' : 'disabled', `failures ${failcount}`]
              .map(String)
              .join('  '),
          );
        }
        terminal.out(`${String(count)} in all`);
      }),
    );
}
