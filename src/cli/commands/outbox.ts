import { Command, Option } from 'commander';
import { z } from 'zod';
import { gatewayFor } from '../gateway-address.ts';
import { type OpsClient, withOpsClient, withQuery } from '../ops-client.ts';
import { type Column, dataOutput, type JsonFlag, printTable } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate outbox …`: messages to web hooks and other targets. */
export function outboxCommand(terminal: Terminal): Command {
  return new Command('outbox')
    .addHelpText('after', '\nExample:\n  npx pushgate outbox list --state dead')
    .addCommand(listCommand(terminal))
    .addCommand(replayCommand(terminal))
    .addCommand(dropCommand(terminal));
}

const Message = z.object({
  id: z.string(),
  target: z.string().describe('Such as hook:billing.'),
  order: z.string().describe('Messages of one target with the same order are sent one after the other.'),
  position: z.int(),
  authServer: z.string(),
  state: z.enum(['waiting', 'begun', 'dead']),
  attempts: z.int(),
  lastError: z.string().optional().describe('Why the last attempt failed: a word, or an HTTP status.'),
  createdAt: z.iso.datetime(),
  dueAt: z.iso.datetime().describe('When it is sent next.'),
  endsAt: z.iso.datetime().describe('When it is given up; a dead one is deleted then.'),
});
type Message = z.output<typeof Message>;
const listed = dataOutput(z.object({ messages: z.array(Message) }));

const columns: Column<Message>[] = [
  { head: 'TARGET', cell: ({ target }) => target },
  { head: 'STATE', cell: ({ state }) => state, tone: ({ state }) => (state === 'dead' ? 'bad' : undefined) },
  { head: 'ATTEMPTS', cell: ({ attempts }) => attempts },
  { head: 'LAST_ERROR', cell: ({ lastError }) => lastError },
  { head: 'CREATED', cell: ({ createdAt }) => createdAt },
  { head: 'DUE', cell: ({ dueAt, state }) => (state === 'dead' ? '' : dueAt) },
  { head: 'ID', cell: ({ id }) => id },
];

type Filter = { target?: string; state?: string };
type ListOptions = JsonFlag & Filter & { config: string; limit: string; after?: string };

function listCommand(terminal: Terminal): Command {
  return new Command('list')
    .description('List messages that wait, and those that were given up within the week, by id.')
    .option('-t, --target <target>', 'only those to this target, such as hook:billing')
    .addOption(new Option('--state <state>', 'only those in this state').choices(['waiting', 'begun', 'dead']))
    .option('--limit <count>', 'so many, 1000 at most', '100')
    .option('--after <id>', 'only those after this id: the last one of the page before')
    .addOption(listed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate outbox list --target hook:billing')
    .action(({ config, json, target, state, limit, after }: ListOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const reply = await client.call('GET', withQuery('/ops/outbox', { target, state, limit, after }));
        listed.print(terminal, { json }, listed.read(reply), ({ messages }) => printTable(terminal, messages, columns));
      }),
    );
}

type ActOptions = JsonFlag & Filter & { config: string };

const pathOf = (id: string): string => `/ops/outbox/${encodeURIComponent(id)}`;

const replayed = dataOutput(z.object({ replayed: z.array(z.string()).describe('Ids of the messages.') }));

function replayCommand(terminal: Terminal): Command {
  return new Command('replay')
    .description('Have a dead message sent again as if it were new, or all dead messages to a target.')
    .argument('[id]', 'id of the message, as list shows it')
    .option('-t, --target <target>', 'all dead messages to this target')
    .addOption(replayed.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate outbox replay --target hook:billing')
    .action((id: string | undefined, { config, json, target }: ActOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const ids = await each(client, { id, target, takes: mayReplay }, (one) => client.call('POST', `${pathOf(one)}/replay`));
        replayed.print(terminal, { json }, { replayed: ids }, () => terminal.out(`${counted(ids)} sent again.`));
      }),
    );
}

/** A message that may be sent once only, and may have been sent, stays dead. */
const mayReplay = ({ lastError }: Message): boolean => lastError !== 'outcome-unknown';

const dropped = dataOutput(z.object({ dropped: z.array(z.string()).describe('Ids of the messages.') }));

function dropCommand(terminal: Terminal): Command {
  return new Command('drop')
    .description('Delete a message, or all dead messages to a target. Its receiver never gets it.')
    .argument('[id]', 'id of the message, as list shows it')
    .option('-t, --target <target>', 'all dead messages to this target')
    .addOption(dropped.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate outbox drop --target hook:billing')
    .action((id: string | undefined, { config, json, target }: ActOptions) =>
      withOpsClient(gatewayFor(config, terminal), async (client) => {
        const ids = await each(client, { id, target }, (one) => client.call('DELETE', pathOf(one)));
        dropped.print(terminal, { json }, { dropped: ids }, () => terminal.out(`${counted(ids)} deleted.`));
      }),
    );
}

const counted = ({ length }: readonly string[]): string => (length === 1 ? '1 message is' : `${length} messages are`);

const pageSize = 500;

/** One message, or all dead messages of a target that `takes` lets pass. */
type Chosen = { id: string | undefined; target: string | undefined; takes?: (message: Message) => boolean };

/** Acts on each of the chosen messages; returns their ids. */
async function each(
  client: OpsClient,
  { id, target, takes = () => true }: Chosen,
  act: (id: string) => Promise<unknown>,
): Promise<string[]> {
  if ((id === undefined) === (target === undefined)) throw new CommandFailed('Name the id of a message, or a target with --target.');
  if (id !== undefined) {
    await act(id);
    return [id];
  }
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const reply = await client.call('GET', withQuery('/ops/outbox', { target, state: 'dead', after, limit: String(pageSize) }));
    const found = listed.read(reply).messages;
    for (const message of found) {
      if (!takes(message)) continue;
      await act(message.id);
      ids.push(message.id);
    }
    after = found.at(-1)?.id;
    if (found.length < pageSize) return ids;
  }
}
