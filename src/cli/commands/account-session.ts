import { rmSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { readSecret, secretOptions } from '../secret-input.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

type LoginOptions = JsonFlag & { config: string; tokenFile?: string; passwordFile?: string; passwordStdin?: true };

const Session = z.object({ username: z.string(), token: z.string(), expiresAt: z.iso.datetime() });
const session = dataOutput(Session.partial({ token: true }).extend({ tokenFile: z.string().optional() }));
const reply = dataOutput(Session);

/**
 * `pushgate accounts login NAME`: exchanges an administrator's password for a token, which it prints or writes to a
 * file of mode 0600.
 */
export function loginCommand(terminal: Terminal): Command {
  const command = new Command('login')
    .description('Log in as an administrator, to work from another machine. Prints a token, or writes it into --token-file (mode 0600).')
    .argument('<name>', 'name of the account')
    .addOption(session.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate accounts login alice --server https://gateway.example.com:8443 --token-file ~/.pushgate-token',
    );
  for (const option of secretOptions('password')) command.addOption(option);
  return command.action(async (name: string, { config, json, tokenFile, passwordFile, passwordStdin }: LoginOptions) => {
    const address = await gatewayFor(config, terminal);
    const password = await readSecret(terminal, 'password', { fromFile: passwordFile, fromInput: passwordStdin });
    await withOpsClient(address, async (client) => {
      const { token, ...about } = reply.read(await client.call('POST', '/ops/auth', { username: name, password }));
      const file = tokenFile ?? (terminal.environment.PUSHGATE_TOKEN_FILE || undefined);
      if (file === undefined) return session.print(terminal, { json }, { ...about, token }, () => terminal.out(token));
      keepToken(file, token);
      session.print(terminal, { json }, { ...about, tokenFile: file }, () =>
        terminal.out(`${about.username} is logged in until ${about.expiresAt}; the token is in ${file}.`),
      );
    });
  });
}

/** Replaces an older file of that name, because its mode might let others read it. */
function keepToken(file: string, token: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
}

const ended = dataOutput(z.object({ username: z.string() }));

/** `pushgate accounts logout`: revokes the token. */
export function logoutCommand(terminal: Terminal): Command {
  return new Command('logout')
    .description('End the token of a login, at all gateways.')
    .addOption(ended.option())
    .addOption(configOption(terminal))
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate accounts logout --server https://gateway.example.com:8443 --token-file ~/.pushgate-token',
    )
    .action(({ config, json }: JsonFlag & { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const data = ended.read(await client.call('DELETE', '/ops/auth'));
        ended.print(terminal, { json }, data, ({ username }) => terminal.out(`The token of ${username} is worth nothing any more.`));
      }),
    );
}
