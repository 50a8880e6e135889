import { Command } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { coloured, dataOutput, type JsonFlag, printTable, visible } from '../output/index.ts';
import { readSecret, secretOptions } from '../secret-input.ts';
import type { Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

type Options = JsonFlag & { config: string };

/** `pushgate tokens show|enable|disable|reset|delete|assign|unassign|setpin SERIAL`: one push token. */
export const tokenActs = (terminal: Terminal): Command[] => [
  showCommand(terminal),
  ...simpleActs.map((act) => simpleCommand(terminal, act)),
  assignCommand(terminal),
  setPinCommand(terminal),
];

const at = (serial: string): string => `/ops/tokens/${encodeURIComponent(serial)}`;

/** A command about one push token, with the options that all such commands share. */
const about = (terminal: Terminal, name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument('<serial>', 'serial of the push token')
    .addOption(configOption(terminal))
    .addHelpText('after', `\nExample:\n  npx pushgate tokens ${name} PIPU0001A2B3${name === 'assign' ? ' alice' : ''}`);

const done = dataOutput(z.object({ serial: z.string(), done: z.string().describe('The change that was made.') }));

/** Calls the gateway and prints the result. */
async function act(
  terminal: Terminal,
  { config, json }: Options,
  call: { method: 'POST' | 'PUT' | 'DELETE'; path: string; body?: unknown; serial: string; did: string },
): Promise<void> {
  await withOpsClient(gatewayFor(config, terminal), async (client) => {
    await client.call(call.method, call.path, call.body);
    done.print(terminal, { json }, { serial: call.serial, done: call.did }, () => terminal.out(`${call.serial} is ${call.did}.`));
  });
}

const simpleActs = [
  { name: 'delete', did: 'deleted', description: 'Delete a push token.' },
  { name: 'enable', did: 'enabled', description: 'Enable a push token.' },
  { name: 'disable', did: 'disabled', description: 'Disable a push token.' },
  { name: 'reset', did: 'reset', description: 'Forget all failures of a push token, those of waiting networks too.' },
  { name: 'unassign', did: 'unassigned', description: 'Take a push token from its owner, and its PIN away.' },
] as const;

const simpleCommand = (terminal: Terminal, { name, did, description }: (typeof simpleActs)[number]): Command =>
  about(terminal, name, description)
    .addOption(done.option())
    .action((serial: string, options: Options) =>
      act(terminal, options, {
        ...(name === 'delete' ? { method: 'DELETE', path: at(serial) } : { method: 'POST', path: `${at(serial)}/${name}` }),
        serial,
        did,
      }),
    );

type PinOptions = Options & { pinFile?: string; pinStdin?: true };

function assignCommand(terminal: Terminal): Command {
  const command = about(terminal, 'assign', 'Give a push token without an owner to a user. Without a PIN option it keeps its PIN.')
    .argument('<user>', 'the new owner')
    .option('-r, --realm <realm>', 'realm of the user; the default one without it')
    .option('--resolver <name>', 'source that knows the user, where several of the realm do')
    .addOption(done.option());
  for (const option of secretOptions('pin')) command.addOption(option);
  return command.action(async (serial: string, user: string, options: PinOptions & { realm?: string; resolver?: string }) => {
    const { pinFile, pinStdin, realm, resolver } = options;
    const hasPin = pinFile !== undefined || pinStdin === true;
    const pin = hasPin ? await readSecret(terminal, 'PIN', { fromFile: pinFile, fromInput: pinStdin }) : undefined;
    const body = { user, realm, resolver, pin };
    await act(terminal, options, { method: 'POST', path: `${at(serial)}/assign`, body, serial, did: `assigned to ${user}` });
  });
}

function setPinCommand(terminal: Terminal): Command {
  const command = about(
    terminal,
    'setpin',
    'Set the PIN of a push token. It is asked for, and not shown; an empty one takes the PIN away.',
  );
  for (const option of [done.option(), ...secretOptions('pin')]) command.addOption(option);
  return command.action(async (serial: string, options: PinOptions) => {
    const { pinFile, pinStdin } = options;
    const pin = await readSecret(terminal, 'PIN', { fromFile: pinFile, fromInput: pinStdin }, { twice: true });
    const did = pin === '' ? 'without a PIN' : 'given its new PIN';
    await act(terminal, options, { method: 'PUT', path: `${at(serial)}/pin`, body: { pin }, serial, did });
  });
}

const shown = dataOutput(
  z.object({
    serial: z.string(),
    type: z.string(),
    user: z.string().optional().describe('Owner; absent if there is none.'),
    realm: z.string().optional(),
    resolver: z.string().optional().describe('User source of the owner.'),
    realms: z.array(z.string()).describe('Realms of the push token itself.'),
    rolloutState: z.string(),
    enabled: z.boolean(),
    revoked: z.boolean(),
    locked: z.boolean().describe('The fail count is at its maximum.'),
    lockedSince: z.iso.datetime().optional(),
    failures: z.int(),
    maxFailures: z.int(),
    hasPin: z.boolean(),
    logins: z.int(),
    lastLogin: z.iso.datetime().optional(),
    createdAt: z.iso.datetime(),
    validFrom: z.iso.datetime().optional(),
    validUntil: z.iso.datetime().optional(),
    description: z.string(),
    provider: z.string().optional().describe('Provider recorded at enrolment.'),
    mount: z.string().optional(),
    registrationUrl: z.string().describe('URL that the phone sends its answers to.'),
    phone: z.object({ protocol: z.string(), flavour: z.string(), capabilities: z.array(z.string()) }),
    notes: z.record(z.string(), z.string()).describe('Notes of administrators.'),
    addresses: z
      .array(z.object({ id: z.string(), kind: z.string(), since: z.iso.datetime(), deadSince: z.iso.datetime().optional() }))
      .describe('Device addresses, by id.'),
  }),
);

function showCommand(terminal: Terminal): Command {
  return about(terminal, 'show', 'Show what there is to know of a push token, and nothing secret.')
    .addOption(shown.option())
    .action((serial: string, { config, json }: Options) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = await client.call('GET', at(serial));
        shown.print(terminal, { json }, shown.read(reply), (token) => printToken(terminal, token));
      }),
    );
}

type Shown = ReturnType<typeof shown.read>;

function printToken(terminal: Terminal, token: Shown): void {
  const { serial, type, user, realm, resolver, realms, enabled, revoked, locked, phone, notes, addresses } = token;
  const standing = revoked ? 'revoked' : enabled ? 'enabled' : 'disabled';
  const tone = enabled && !locked ? 'good' : 'warning';
  const lines: [string, string | undefined][] = [
    ['owner', user === undefined ? '(none)' : `${user}${realm ? `@${realm}` : ''}${resolver ? ` (${resolver})` : ''}`],
    ['realms', realms.join(', ') || '(none)'],
    ['description', token.description || undefined],
    ['rollout', `${token.rolloutState}, made ${token.createdAt}`],
    ['failures', `${token.failures} of ${token.maxFailures}${locked ? `, locked since ${token.lockedSince ?? 'then'}` : ''}`],
    ['PIN', token.hasPin ? 'set' : 'none'],
    ['logins', `${token.logins}${token.lastLogin === undefined ? '' : `, the last one ${token.lastLogin}`}`],
    ['valid', validity(token)],
    ['provider', token.provider],
    ['phone', [phone.protocol, phone.flavour, ...phone.capabilities].join(', ')],
    ['answers at', token.registrationUrl],
    ...Object.entries(notes).map(([key, value]): [string, string] => [`note ${key}`, value]),
  ];
  terminal.out(`${serial} (${type}): ${coloured(terminal, tone, standing)}`);
  for (const [name, value] of lines) if (value !== undefined) terminal.out(`${name.padEnd(12)} ${visible(value)}`);
  terminal.out('');
  printTable(terminal, addresses, [
    { head: 'ADDRESS', cell: ({ id }) => id },
    { head: 'KIND', cell: ({ kind }) => kind },
    { head: 'SINCE', cell: ({ since }) => since },
    { head: 'DEAD_SINCE', cell: ({ deadSince }) => deadSince, tone: () => 'bad' },
  ]);
}

const validity = ({ validFrom, validUntil }: Shown): string | undefined =>
  validFrom === undefined && validUntil === undefined ? undefined : `from ${validFrom ?? 'ever'} until ${validUntil ?? 'for ever'}`;
