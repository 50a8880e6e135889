import { Command } from 'commander';
import type { AuditParams } from '../../edge/dialects/operator/index.ts';
import type { Erased } from '../../engine/audit/index.ts';
import { record } from '../../foundation/model/index.ts';
import { type AuditReader, type ShownEntry, withAudit } from '../audit-reader.ts';
import { gatewayFor } from '../gateway-address.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';
import { configOption } from './config-option.ts';

/** `pushgate audit …`: who did what, at the running gateway or, where none runs, in its store. */
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
    .option('--from <time>', 'from this time on: 2026-11-30, 2026-11-30T08:00:00Z, or 90m, 12h, 7d for so long ago')
    .option('--until <time>', 'before this time')
    .addOption(configOption(terminal));

function listCommand(terminal: Terminal): Command {
  return withFilters(terminal, new Command('list'))
    .description('List what happened, newest first.')
    .option('--limit <count>', 'so many entries, 1000 at most', '100')
    .option('--cursor <cursor>', 'go on where the page before this one ended')
    .option('--json', 'one JSON object with the entries and the cursor of the next page')
    .addHelpText('after', '\nExample:\n  npx pushgate audit list --user alice --kind login-refused,challenge-answered --from 7d')
    .action(({ config, json, ...params }: AuditParams & { config: string; json?: true }) =>
      withReader(terminal, config, async (reader) => {
        const page = await reader.list(params);
        if (json) return terminal.out(JSON.stringify(page));
        for (const entry of page.entries) terminal.out(lineOf(entry));
        terminal.out(page.next === undefined ? `${page.entries.length} in all` : `Next page: --cursor ${page.next}`);
      }),
    );
}

function showCommand(terminal: Terminal): Command {
  return new Command('show')
    .description('Show all of one entry.')
    .argument('<id>', 'id of the entry, as list shows it')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit show mh1x2y3z-0123456789ab.17')
    .action((id: string, { config }: { config: string }) =>
      withReader(terminal, config, async (reader) => terminal.out(JSON.stringify(await reader.show(id), null, 2))),
    );
}

function verifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description('Look at every entry: whether one was changed, added or taken away. Exits with 1 and names the first one.')
    .option('--json', 'the result as JSON')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit verify')
    .action(({ config, json }: { config: string; json?: true }) =>
      withReader(terminal, config, async (reader) => {
        const { problem, ...counts } = await reader.verify();
        if (json) terminal.out(JSON.stringify({ ...counts, problem }));
        else {
          terminal.out(`entries: ${counts.entries}, chains: ${counts.chains}, signed checkpoints: ${counts.checkpoints}`);
          terminal.out(
            `${counts.expired} were kept long enough and have no content any more, ${counts.erased} lack the names of erased people`,
          );
        }
        if (!problem) return json ? undefined : terminal.out('All of them are as they were written.');
        const about = problem.entry === undefined ? '' : ` (entry ${problem.entry})`;
        throw new CommandFailed(`chain ${problem.writer}, number ${problem.number}${about}: ${problem.what}.`);
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
        for (let cursor: string | undefined; ; ) {
          const { entries, next } = await reader.list({ ...filters, limit: '1000', cursor });
          // Not before the first page is there: a gateway that does not answer is asked in vain, and the store after it.
          if (csv && cursor === undefined) terminal.out(columns.join(','));
          for (const entry of entries) terminal.out(csv ? csvOf(entry) : JSON.stringify(entry));
          cursor = next;
          if (cursor === undefined) return;
        }
      }),
    );
}

function eraseCommand(terminal: Terminal): Command {
  return new Command('erase')
    .description(
      "Take a person's name and addresses out of the audit for good. What is left tells nobody who it was; the chains stay whole.",
    )
    .argument('[user]', 'name of the user, as it is written')
    .option('--realm <name>', 'the user of this realm alone')
    .option('--administrator <name>', 'an administrator, instead of a user')
    .option('--yes', 'do it; without this, nothing is done')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate audit erase alice --realm corp --yes')
    .action((user: string | undefined, { config, yes, ...who }: { config: string; realm?: string; administrator?: string; yes?: true }) =>
      withReader(terminal, config, async (reader) => {
        const erased = erasedBy(user, who);
        const name = 'user' in erased ? erased.user : erased.administrator;
        if (!yes) throw new WrongUsage(`this cannot be undone; to erase ${name}, say it again with --yes.`);
        const { entries, others } = await reader.erase(erased);
        terminal.out(`${name} was erased from ${entries} entries.`);
        if (others.length > 0) terminal.out(`Names that differ in case alone are still there: ${others.join(', ')}`);
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

/** What people ask for first has a column of its own. */
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

const lineOf = (entry: ShownEntry): string => {
  const { at, kind, outcome, id, detail, ...rest } = columnsOf(entry);
  const told = Object.entries(rest).flatMap(([name, value]) => (value === '' ? [] : [`${name} ${value}`]));
  return shown([at, outcome === '' ? kind : `${kind} (${outcome})`, ...told, detail, id].filter(Boolean).join('  '));
};

/** Names are typed by strangers: no sign of theirs begins a line or moves the cursor. */
const shown = (line: string): string =>
  line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`);

/** Spreadsheets take a cell that begins with one of these for a formula. */
const formula = /^[=+\-@\t\r\n＝＋－＠]/;

const csvOf = (entry: ShownEntry): string =>
  Object.values(columnsOf(entry))
    .map((value) => `"${(formula.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`)
    .join(',');
