import { record } from '../../foundation/model/index.ts';
import { type GatewayClient, readUserFile } from '../gateway-client.ts';
import { openProgress } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

const columns = ['user', 'realm', 'pin', 'serial'];

/** One push token that the file asks for, with its line number. */
type Wish = { line: number; fields: Readonly<Record<string, string>> };

/**
 * Makes a push token for each line of a CSV file. The first line names the columns: user (required), realm, pin,
 * serial. Prints `user,realm,serial,text` for each; `text` is the content of the QR code. The whole file is checked
 * first. The first refusal of the gateway stops the run, and the error names its line.
 */
export async function initFromCsv(client: GatewayClient, terminal: Terminal, { csv, type }: { csv: string; type: string }): Promise<void> {
  const wishes = wishesIn(csv, readUserFile(csv).toString('utf8'));
  terminal.out('user,realm,serial,text');
  const progress = openProgress(terminal, wishes.length, 'push tokens');
  for (const [done, { line, fields }] of wishes.entries()) {
    const { detail } = await made(client, { genkey: '1', type, ...fields }).catch((error: unknown) => {
      progress.end();
      if (!(error instanceof CommandFailed)) throw error;
      throw new CommandFailed(
        `${csv}, line ${line}: ${error.message} The ${done} before it are made: take them out of the file and run this again.`,
      );
    });
    progress.end();
    const text = String(record(detail.pushurl).value);
    terminal.out([fields.user ?? '', fields.realm ?? '', String(detail.serial), text].map(quoted).join(','));
    progress.step();
  }
  progress.end();
  terminal.err(`${wishes.length} push tokens made.`);
}

const made = (client: GatewayClient, body: Record<string, string>) => client.callAsAdmin('POST', '/token/init', body);

function wishesIn(file: string, text: string): Wish[] {
  const [head, ...rows] = csvRows(file, text);
  if (!head) throw new CommandFailed(`${file} is empty. Its first line names the columns: ${columns.join(',')}.`);
  const names = head.fields.map((name) => name.trim().toLowerCase());
  const wrong = names.find((name, at) => !columns.includes(name) || names.indexOf(name) !== at);
  if (wrong !== undefined || !names.includes('user'))
    throw new CommandFailed(
      `${file}, line ${head.line}: the first line names the columns, each once: user, and any of realm, pin, serial.`,
    );
  if (rows.length === 0) throw new CommandFailed(`${file} names no user below its first line.`);
  return rows.map(({ line, fields }) => {
    if (fields.length !== names.length)
      throw new CommandFailed(`${file}, line ${line}: ${fields.length} fields, and the first line has ${names.length}.`);
    const said = names.map((name, at) => [name, fields[at] ?? ''] as const).filter(([, value]) => value !== '');
    const wish = Object.fromEntries(said);
    if (wish.user === undefined) throw new CommandFailed(`${file}, line ${line}: there is no user.`);
    return { line, fields: wish };
  });
}

/** The rows in CSV (RFC 4180), without empty ones. A quoted field may hold commas, line breaks and doubled quotes. */
function csvRows(file: string, text: string): { line: number; fields: string[] }[] {
  const rows: { line: number; fields: string[] }[] = [];
  let [line, began, fields]: [number, number, string[]] = [1, 1, []];
  for (const [whole, inQuotes, bare, end = ''] of text
    .replace(/^\uFEFF/, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)|["]/g)) {
    if (whole === '"') throw new CommandFailed(`${file}, line ${line}: a quote that is not closed, or stands inside of a field.`);
    fields.push(inQuotes?.replaceAll('""', '"') ?? bare ?? '');
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (fields.join('') !== '' || fields.length > 1) rows.push({ line: began, fields });
    [began, fields] = [line, []];
  }
  return rows;
}

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
