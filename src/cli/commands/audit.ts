import { Command } from 'commander';
import { z } from 'zod';
import type { AuditParams } from '../../edge/formats/management/index.ts';
import type { Erased } from '../../engine/audit/index.ts';
import { record } from '../../foundation/model/index.ts';
import { type AuditReader, type ShownEntry, withAudit } from '../audit-reader.ts';
import { gatewayFor } from '../gateway-address.ts';
import { type Column, dataOutput, type JsonFlag, openProgress, printTable } from '../output/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate audit …`: the audit log, at the running gateway or, if none runs, in its store. */
export const auditCommand = (terminal: Terminal): Command =>
  new Command('audit')
    .addHelpText('after', '\nExample:\n  npx pushgate audit list --user alice --from 24h')
    .addCommand(listCommand(terminal))
    .addCommand(showCommand(terminal))
    .addCommand(verifyCommand(terminal))
    .addCommand(exportCommand(terminal))
    .addCommand(eraseCommand(terminal));

type Filters = Omit<AuditParams, 'limit' | 'cursor'>;

const withFilters = (terminal: Terminal, command: Command): Command =>
  command
    .option('--user <name>', 'about this user, or a name that somebody typed')
    .option('--realm <name>', 'with --user: in this realm alone')
    .option('--administrator <name>', 'done by this administrator')
    .option('--serial <serial>', 'about this push token')
    .option('--transaction <id>', 'about this login')
    .option('--auth-server <name>', 'through this auth server')
    .option('--kind <kinds>', 'of these kinds, separated by commas')
    .option('--act <acts>', 'with --kind token-administered: these acts, such as delete, separated by commas')
    .option('--from <time>', 'from this time on: 2026-11-30, 2026-11-30T08:00:00Z, or 90m, 12h, 7d for a time before now')
    .option('--until <time>', 'before this time')
    .addOption(configOption(terminal));

/** Further fields depend on the kind of the entry, see docs/audit.md. An erased name is `null`. */
const Entry = z.looseObject({
  id: z.string(),
  at: z.iso.datetime(),
  kind: z.string(),
  chain: z.object({ writer: z.string(), number: z.int(), hash: z.string() }),
});

/** `next` is the cursor of the next page; absent on the last page. */
const listed = dataOutput(z.object({ entries: z.array(Entry), next: z.string().optional() }));

function listCommand(terminal: Terminal): Command {
  return withFilters(terminal, new Command('list'))
    .description('List what happened, newest first.')
    .option('--limit <count>', 'so many entries, 1000 at most', '100')
    .option('--cursor <cursor>', 'go on where the page before this one ended')
    .addOption(listed.option())
    .addHelpText('after', '\nExample:\n  npx pushgate audit list --user alice --kind login-refused,challenge-answered --from 7d')
    .action(({ config, json, ...params }: AuditParams & JsonFlag & { config: string }) =>
      withReader(terminal, config, async (reader) =>
        listed.print(terminal, { json }, listed.read(await reader.list(params)), ({ entries, next }) => {
          printTable(terminal, entries.map(columnsOf), tableColumns);
          if (next !== undefined) terminal.err(`Next page: --cursor ${next}`);
        }),
      ),
    );
}

const shown = dataOutput(Entry);

function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('Show all of one entry.')
    .argument('<id>', 'id of the entry, as list shows it')
    .addOption(shown.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit show mh1x2y3z-0123456789ab.17')
    .action((id: string, { config, json }: JsonFlag & { config: string }) =>
      withReader(terminal, config, async (reader) =>
        shown.print(terminal, { json }, shown.read(await reader.show(id)), (entry) =>
          printTable(terminal, Object.entries(entry), [
            { head: 'FIELD', cell: ([name]) => name },
            { head: 'VALUE', cell: ([, value]) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : text(value)) },
          ]),
        ),
      ),
    );
}

/** `problem` is the first entry that was changed or is missing. */
const verified = dataOutput(
  z.object({
    chains: z.int(),
    entries: z.int(),
    checkpoints: z.int(),
    expired: z.int(),
    erased: z.int(),
    problem: z.object({ writer: z.string(), number: z.int(), entry: z.string().optional(), what: z.string() }).optional(),
  }),
);

function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('Look at every entry: whether one was changed, added or taken away. Exits with 1 and names the first one.')
    .addOption(verified.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit verify')
    .action(({ config, json }: JsonFlag & { config: string }) =>
      withReader(terminal, config, async (reader) => {
        const result = await reader.verify();
        verified.print(terminal, { json }, result, ({ entries, chains, checkpoints, expired, erased, problem }) => {
          terminal.out(`entries: ${entries}, chains: ${chains}, signed checkpoints: ${checkpoints}`);
          terminal.out(`${expired} were kept long enough and have no content any more, ${erased} lack the names of erased people`);
          if (!problem) terminal.out('All of them are as they were written.');
        });
        if (!result.problem) return;
        const { writer, number, entry, what } = result.problem;
        throw new CommandFailed(`chain ${writer}, number ${number}${entry === undefined ? '' : ` (entry ${entry})`}: ${what}.`);
      }),
    );
}

function exportCommand(terminal: Terminal): Command {
  return withFilters(terminal, new Command('export'))
    .description('Print all entries that fit, newest first.')
    .option('--csv', 'as CSV with a line of names, instead of one JSON object on each line')
    .addHelpText('after', '\nExample:\n  npx pushgate audit export --csv --from 2026-11-01 --until 2026-12-01 > november.csv')
    .action(({ config, csv, ...filters }: Filters & { config: string; csv?: true }) =>
      withReader(terminal, config, async (reader) => {
        // Without a progress bar when the entries themselves are on the screen.
        const progress = openProgress(terminal.screen ? { ...terminal, rewrite: undefined } : terminal, undefined, 'entries');
        for (let cursor: string | undefined; ; ) {
          const { entries, next } = await reader.list({ ...filters, limit: '1000', cursor });
          // The header waits for the first page: the gateway may not answer, and the store is read instead.
          if (csv && cursor === undefined) terminal.out(columns.join(','));
          for (const entry of entries) terminal.out(csv ? csvOf(entry) : JSON.stringify(entry));
          progress.step(entries.length);
          cursor = next;
          if (cursor === undefined) return progress.end();
        }
      }),
    );
}

/** `others`: remaining names that differ only in case. */
const erasedOutput = dataOutput(z.object({ name: z.string(), entries: z.int(), others: z.array(z.string()) }));

type EraseOptions = JsonFlag & { config: string; realm?: string; administrator?: string; yes?: true };

function eraseCommand(terminal: Terminal): Command {
  return new Command('erase')
    .description(
      "Take a person's name and addresses out of the audit for good. What is left tells nobody who it was; the chains stay whole.",
    )
    .argument('[user]', 'name of the user, as it is written')
    .option('--realm <name>', 'the user of this realm alone')
    .option('--administrator <name>', 'an administrator, instead of a user')
    .option('--yes', 'do it; without this, nothing is done')
    .addOption(erasedOutput.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit erase alice --realm corp --yes')
    .action((user: string | undefined, { config, yes, json, ...who }: EraseOptions) =>
      withReader(terminal, config, async (reader) => {
        const erased = erasedBy(user, who);
        const name = 'user' in erased ? erased.user : erased.administrator;
        if (!yes) throw new WrongUsage(`this cannot be undone; to erase ${name}, say it again with --yes.`);
        erasedOutput.print(terminal, { json }, { name, ...(await reader.erase(erased)) }, ({ entries, others }) => {
          terminal.out(`${name} was erased from ${entries} entries.`);
          if (others.length > 0) terminal.out(`Names that differ in case alone are still there: ${others.join(', ')}`);
        });
      }),
    );
}

function erasedBy(user: string | undefined, { realm, administrator }: { realm?: string; administrator?: string }): Erased {
  if (user !== undefined && administrator === undefined) return { user, realm };
  if (user === undefined && administrator !== undefined && realm === undefined) return { administrator };
  throw new WrongUsage('name a user, or an administrator with --administrator.');
}

const withReader = async (terminal: Terminal, file: string, work: (reader: AuditReader) => Promise<void>): Promise<void> =>
  withAudit(await gatewayFor(file, terminal), terminal, work);

/** The most useful fields have a column each. */
const columns = [
  'at',
  'kind',
  'outcome',
  'user',
  'realm',
  'administrator',
  'client',
  'authServer',
  'transaction',
  'serials',
  'id',
  'detail',
] as const;
type Columns = Record<(typeof columns)[number], string>;

function columnsOf(entry: ShownEntry): Columns {
  const { at, kind, id, user, realm, transaction, serial, serials, chain: _chain, ...rest } = entry;
  const { origin, by, client, administrator, authServer, reason, verdict, act, ...detail } = rest;
  const where = { ...record(origin), ...record(by) };
  const all = Array.isArray(serials) ? serials.join(' ') : serial;
  return {
    at: text(at),
    kind: text(kind),
    outcome: text(reason ?? verdict ?? act),
    user: text(user),
    realm: text(realm),
    administrator: text(where.administrator ?? administrator),
    client: text(where.client ?? client),
    authServer: text(where.authServer ?? authServer),
    transaction: text(transaction),
    serials: text(all),
    id: text(id),
    detail: Object.keys(detail).length > 0 ? JSON.stringify(detail) : '',
  };
}

const text = (value: unknown): string => (value === null ? '(erased)' : value === undefined ? '' : String(value));

const tableColumns: Column<Columns>[] = [
  { head: 'AT', cell: ({ at }) => at },
  { head: 'KIND', cell: ({ kind }) => kind },
  { head: 'OUTCOME', cell: ({ outcome }) => outcome },
  { head: 'USER', cell: ({ user }) => user },
  { head: 'REALM', cell: ({ realm }) => realm },
  { head: 'ADMINISTRATOR', cell: ({ administrator }) => administrator },
  { head: 'CLIENT', cell: ({ client }) => client },
  { head: 'AUTH_SERVER', cell: ({ authServer }) => authServer },
  { head: 'TRANSACTION', cell: ({ transaction }) => transaction },
  { head: 'SERIALS', cell: ({ serials }) => serials },
  { head: 'ID', cell: ({ id }) => id },
  { head: 'DETAIL', cell: ({ detail }) => detail },
];

/** Spreadsheets read a cell that begins with one of these as a formula. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

const csvOf = (entry: ShownEntry): string =>
  Object.values(columnsOf(entry))
    .map((value) => `"${(formula.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`)
    .join(',');
