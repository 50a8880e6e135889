import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate people …`: users whose names differ only in case. Older versions took them for one user. */
export function peopleCommand(terminal: Terminal): Command {
  return new Command('people')
    .addHelpText('after', '\nExample:\n  npx pushgate people list')
    .addCommand(listCommand(terminal))
    .addCommand(mergeCommand(terminal))
    .addCommand(splitCommand(terminal));
}

/**
 * `now`: `apart` if the names of a group belong to different users and were one user before; `together` if they belong
 * to one user and were two before.
 */
const listed = dataOutput(
  z.object({
    people: z.array(
      z.object({
        realm: z.string(),
        now: z.enum(['apart', 'together']),
        users: z.array(z.object({ names: z.array(z.string()), resolver: z.string().optional() })),
      }),
    ),
  }),
);

type Namesakes = z.output<typeof listed.schema>['people'][number];

type Flags = JsonFlag & { config: string };

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List the names that mean other users than they did in versions that ignored case.')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people list --config config/default.json')
    .action(({ config, json }: Flags) =>
      withOpsClient(gatewayFor(config, terminal), async (client) =>
        listed.print(terminal, { json }, listed.read(await client.call('GET', '/ops/people')), ({ people }) =>
          printTable(terminal, people, [
            { head: 'REALM', cell: ({ realm }) => realm },
            { head: 'NOW', cell: ({ now }) => now },
            { head: 'USERS', cell: (group) => usersText(group) },
          ]),
        ),
      ),
    );
}

const usersText = ({ users }: Namesakes): string =>
  users.map(({ names, resolver }) => `${names.join(', ')}${resolver ? ` (${resolver})` : ''}`).join(' and ');

/** The reply of `GET /ops/people`, as one sentence per group of names. */
export const namesakeLines = (reply: unknown): string[] =>
  listed
    .read(reply)
    .people.map((group) =>
      group.now === 'together'
        ? `realm ${group.realm}: ${usersText(group)} were two users and are one`
        : `realm ${group.realm}: ${usersText(group)} were one user and are ${group.users.length}`,
    );

type RealmOptions = Flags & { realm?: string };

/** The push tokens that `into` received; empty if there were none to move. */
const given = dataOutput(z.object({ into: z.string(), serials: z.array(z.string()) }));

function mergeCommand(terminal: Terminal): Command {
  return new Command('merge')
    .description('Give the push tokens that are stored under one name to a user whose name differs in case alone. Their PINs stay.')
    .argument('<from>', 'name whose push tokens are given away, as it is stored')
    .argument('<into>', 'user who gets them')
    .option('-r, --realm <realm>', 'realm of both; the default one without it')
    .addOption(given.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people merge Bob bob --realm corp')
    .action((from: string, into: string, { realm, ...flags }: RealmOptions) => handOver(terminal, flags, 'merge', { realm, from, into }));
}

function splitCommand(terminal: Terminal): Command {
  return new Command('split')
    .description('Give single push tokens to the user who has the phone, where they are stored under a name that differs in case alone.')
    .argument('<into>', 'user who gets them')
    .argument('<serials...>', 'serials of the push tokens')
    .option('-r, --realm <realm>', 'realm of the user; the default one without it')
    .addOption(given.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate people split Bob PIPU0001A2B3 --realm corp')
    .action((into: string, serials: string[], { realm, ...flags }: RealmOptions) =>
      handOver(terminal, flags, 'split', { realm, into, serials }),
    );
}

const handOver = (terminal: Terminal, flags: Flags, how: 'merge' | 'split', wish: { into: string } & Record<string, unknown>) =>
  withOpsClient(gatewayFor(flags.config, terminal), async (client) => {
    const reply = given.read({ into: wish.into, ...(await client.call('POST', `/ops/people/${how}`, wish)) });
    given.print(terminal, flags, reply, ({ into, serials }) =>
      terminal.out(serials.length === 0 ? `Nothing to give: ${into} has them, or there are none` : `${into} has ${serials.join(', ')} now`),
    );
  });
