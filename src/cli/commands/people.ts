import { Command } from 'commander';
import { record, records } from '../../foundation/model/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate people …`: users whose names differ in case alone, whom older versions took for one. */
export function peopleCommand(terminal: Terminal): Command {
  return new Command('people')
    .addHelpText('after', '\nExample:\n  npx pushgate people list')
    .addCommand(listCommand(terminal))
    .addCommand(mergeCommand(terminal))
    .addCommand(splitCommand(terminal));
}

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the names that mean other users than they did in versions that ignored case.')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people list --config config/default.json')
    .action(({ config }: { config: string }) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const lines = namesakeLines(await client.call('GET', '/ops/people'));
        for (const line of lines) terminal.out(line);
        terminal.out(`${lines.length} in all`);
      }),
    );
}

/** What `GET /ops/people` replied, one line for each group of names. */
export const namesakeLines = (reply: Readonly<Record<string, unknown>>): string[] =>
  records(reply.people).map(({ realm, now, users }) => {
    const told = records(users).map(({ names, resolver }) => `${[names].flat().join(', ')}${resolver ? ` (${String(resolver)})` : ''}`);
    return now === 'together'
      ? `realm ${String(realm)}: ${told.join(' and ')} were two users and are one`
      : `realm ${String(realm)}: ${told.join(' and ')} were one user and are ${told.length}`;
  });

type RealmOptions = { config: string; realm?: string };

function mergeCommand(terminal: Terminal): Command {
  return new Command('merge')
    .description('Give the push tokens that are stored under one name to a user whose name differs in case alone. Their PINs stay.')
    .argument('<from>', 'name whose push tokens are given away, as it is stored')
    .argument('<into>', 'user who gets them')
    .option('-r, --realm <realm>', 'realm of both; the default one without it')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people merge Bob bob --realm corp')
    .action((from: string, into: string, { config, realm }: RealmOptions) => handOver(terminal, config, 'merge', { realm, from, into }));
}

function splitCommand(terminal: Terminal): Command {
  return new Command('split')
    .description('Give single push tokens to the user who has the phone, where they are stored under a name that differs in case alone.')
    .argument('<into>', 'user who gets them')
    .argument('<serials...>', 'serials of the push tokens')
    .option('-r, --realm <realm>', 'realm of the user; the default one without it')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people split Bob PIPU0001A2B3 --realm corp')
    .action((into: string, serials: string[], { config, realm }: RealmOptions) =>
      handOver(terminal, config, 'split', { realm, into, serials }),
    );
}

const handOver = (terminal: Terminal, config: string, how: 'merge' | 'split', wish: { into: string } & Record<string, unknown>) =>
  withOpsClient(gatewayFor(config, terminal), async (client) => {
    const { serials } = record(await client.call('POST', `/ops/people/${how}`, wish));
    const given = [serials].flat().map(String);
    terminal.out(
      given.length === 0 ? `Nothing to give: ${wish.into} has them, or there are none` : `${wish.into} has ${given.join(', ')} now`,
    );
  });
