import type { SQLInputValue } from 'node:sqlite';
import type { AuditEntry, AuditNote, AuditWriter, ClearText, PersonKey } from '../../foundation/model/index.ts';
import { type AuditFilter, type AuditPage, type AuditStore, noteLeaseMs } from '../store.ts';
import type { Row, Session } from './session.ts';

/** The audit: one table row per entry, with columns for its filters. */
export function auditStore(session: Session): AuditStore {
  const { get, all, run, read, write } = session;
  return {
    ...noteStore(session),
    ...personKeyStore(session),
    appendAudit: (entries) => write('appendAudit', () => append(session, entries)),
    listAudit: (filter, page) =>
      read('listAudit', () => {
        const { where, values } = conditions(filter);
        const { beyond, from, direction } = placeOf(page);
        const sql = `SELECT * FROM audit WHERE ${where} AND ${beyond} ORDER BY at ${direction}, number ${direction}, id ${direction} LIMIT ? OFFSET ?`;
        return all(sql, ...values, ...from, page.limit, page.offset ?? 0).map(entryOf);
      }),
    countAudit: (filter) =>
      read('countAudit', () => {
        const { where, values } = conditions(filter);
        return Number(get(`SELECT count(*) AS n FROM audit WHERE ${where}`, ...values)?.n);
      }),
    findAudit: (id) =>
      read('findAudit', () => {
        const row = get('SELECT * FROM audit WHERE id = ?', id);
        return row && entryOf(row);
      }),
    auditChain: (writer, behind, limit) =>
      read('auditChain', () =>
        all('SELECT * FROM audit WHERE writer = ? AND number > ? ORDER BY number LIMIT ?', writer, behind, limit).map(entryOf),
      ),
    expireAudit: (kinds, before, limit) => write('expireAudit', () => expire(session, { kinds, before, limit })),
    eraseClearText: (person, limit) => write('eraseClearText', () => erase(session, person, limit)),
    eraseTyped: (ids) =>
      write('eraseTyped', () => {
        run('UPDATE audit SET typed = NULL, own_text = NULL WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
      }),
    auditWriterNames: () =>
      read('auditWriterNames', () => all('SELECT DISTINCT writer FROM audit ORDER BY writer').map(({ writer }) => String(writer))),
  };
}

type NoteStore = Pick<AuditStore, 'claimNotes' | 'removeNotes' | 'auditWriters' | 'putAuditWriter' | 'endAuditWriter'>;

/** Notes on their way into the audit, and the chains. */
function noteStore(session: Session): NoteStore {
  const { all, run, read, write } = session;
  return {
    claimNotes: (now, leaseUntil, limit) =>
      write('claimNotes', () => {
        const due = all('SELECT * FROM audit_notes WHERE due <= ? ORDER BY due LIMIT ?', now, limit);
        for (const { id } of due) run('UPDATE audit_notes SET due = ? WHERE id = ?', leaseUntil, String(id));
        return due.map(noteOf);
      }),
    removeNotes: (ids) =>
      write('removeNotes', () => {
        for (const id of ids) run('DELETE FROM audit_notes WHERE id = ?', id);
      }),
    auditWriters: (which) =>
      read('auditWriters', () =>
        all(`SELECT * FROM audit_writers ${which === 'running' ? 'WHERE ended = 0' : ''} ORDER BY writer`).map(writerOf),
      ),
    putAuditWriter: (writer) => write('putAuditWriter', () => saveWriter(session, writer)),
    endAuditWriter: (writer, seenAt) =>
      write(
        'endAuditWriter',
        () => run('UPDATE audit_writers SET ended = 1 WHERE writer = ? AND seen_at = ? AND ended = 0', writer, seenAt) === 1,
      ),
  };
}

type PersonKeyStore = Pick<AuditStore, 'addPersonKeys' | 'findPersonKeys' | 'personKeysFrom' | 'personKeysOf' | 'removePersonKey'>;

function personKeyStore(session: Session): PersonKeyStore {
  const { all, run, read, write } = session;
  return {
    addPersonKeys: (keys) =>
      write('addPersonKeys', () => {
        for (const key of keys) savePersonKey(session, key, 'INSERT OR IGNORE');
      }),
    findPersonKeys: (persons) =>
      read('findPersonKeys', () =>
        all('SELECT * FROM person_keys WHERE person IN (SELECT value FROM json_each(?))', JSON.stringify(persons)).map(personKeyOf),
      ),
    personKeysFrom: (beginning) =>
      read('personKeysFrom', () =>
        all('SELECT * FROM person_keys WHERE person >= ? AND person < ? || char(1114111)', beginning, beginning).map(personKeyOf),
      ),
    personKeysOf: (ids) =>
      read('personKeysOf', () =>
        all('SELECT * FROM person_keys WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids)).map(personKeyOf),
      ),
    removePersonKey: (id) => write('removePersonKey', () => run('DELETE FROM person_keys WHERE id = ?', id) === 1),
  };
}

/** Writes the note of an act in the same transaction. */
export function addNote({ run }: Pick<Session, 'run'>, note: AuditNote | undefined): void {
  if (note)
    run('INSERT OR IGNORE INTO audit_notes (id, due, at, text) VALUES (?, ?, ?, ?)', note.id, note.at + noteLeaseMs, note.at, note.text);
}

function append(session: Session, entries: readonly AuditEntry[]): string | undefined {
  for (const entry of entries) {
    const there = session.get('SELECT writer, number FROM audit WHERE id = ?', entry.id);
    if (there && (there.writer !== entry.writer || there.number !== entry.number)) return entry.id;
    if (!there) saveEntry(session, entry, 'INSERT');
  }
  return undefined;
}

/** Writes an entry as a row. */
export function saveEntry({ run }: Session, entry: AuditEntry, how: 'INSERT' | 'INSERT OR REPLACE'): void {
  const { id, at, serials = [], clear = {} } = entry;
  run(
    `${how} INTO audit (id, writer, number, at, kind, act, auth_server, transaction_id, serial, serials, subject, actor, typed, body, subject_text, actor_text, own_text,
     digest, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    entry.writer,
    entry.number,
    at,
    entry.kind,
    entry.act ?? null,
    entry.authServer ?? null,
    entry.transaction ?? null,
    serials[0] ?? null,
    serials.length > 1 ? JSON.stringify(serials) : null,
    entry.subject ?? null,
    entry.actor ?? null,
    entry.typed ?? null,
    entry.body ?? null,
    clear.subject ?? null,
    clear.actor ?? null,
    clear.own ?? null,
    entry.digest,
    entry.hash,
  );
}

type Expiry = { kinds: readonly string[]; before: number; limit: number };

function expire({ all, run }: Session, { kinds, before, limit }: Expiry): number {
  const old = all(
    'SELECT id FROM audit WHERE body IS NOT NULL AND kind IN (SELECT value FROM json_each(?)) AND at < ? LIMIT ?',
    JSON.stringify(kinds),
    before,
    limit,
  );
  for (const { id } of old) {
    run(
      `UPDATE audit SET act = NULL, auth_server = NULL, transaction_id = NULL, serial = NULL, serials = NULL, subject = NULL, actor = NULL, typed = NULL, body = NULL,
       subject_text = NULL, actor_text = NULL, own_text = NULL WHERE id = ?`,
      String(id),
    );
  }
  return old.length;
}

function erase({ run }: Session, person: string, limit: number): number {
  const first = (where: string): string => `WHERE id IN (SELECT id FROM audit WHERE ${where} LIMIT ?)`;
  return (
    run(`UPDATE audit SET subject_text = NULL ${first('subject = ? AND subject_text IS NOT NULL')}`, person, limit) +
    run(`UPDATE audit SET actor_text = NULL ${first('actor = ? AND actor_text IS NOT NULL')}`, person, limit)
  );
}

const text = (value: unknown): string | undefined => (value === null || value === undefined ? undefined : String(value));

/** Most entries concern one push token, which has a column of its own. */
function serialsOf({ serial, serials }: Row): string[] | undefined {
  if (serials !== null) return JSON.parse(String(serials));
  return serial === null ? undefined : [String(serial)];
}

/** Reads an entry from its row. */
export function entryOf(row: Row): AuditEntry {
  const clear = clearText(row);
  const optional = {
    act: text(row.act),
    authServer: text(row.auth_server),
    transaction: text(row.transaction_id),
    serials: serialsOf(row),
    subject: text(row.subject),
    actor: text(row.actor),
    typed: text(row.typed),
    body: text(row.body),
    clear: Object.keys(clear).length > 0 ? clear : undefined,
  };
  return {
    id: String(row.id),
    writer: String(row.writer),
    number: Number(row.number),
    at: Number(row.at),
    kind: String(row.kind) as AuditEntry['kind'],
    ...present(optional),
    digest: String(row.digest),
    hash: String(row.hash),
  };
}

const clearText = (row: Row): ClearText =>
  present({ subject: text(row.subject_text), actor: text(row.actor_text), own: text(row.own_text) });

/** The fields that are not undefined. */
const present = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

/** Reads a note from its row. */
export const noteOf = ({ id, at, text: sealed }: Row): AuditNote => ({ id: String(id), at: Number(at), text: String(sealed) });

/** Reads a chain from its row. */
export const writerOf = ({ writer, number, hash, signature, seen_at, ended }: Row): AuditWriter => ({
  writer: String(writer),
  number: Number(number),
  hash: String(hash),
  signature: String(signature),
  seenAt: Number(seen_at),
  ended: ended === 1,
});

/** Writes a chain as a row. */
export function saveWriter({ run }: Session, { writer, number, hash, signature, seenAt, ended }: AuditWriter): void {
  const into = 'INSERT OR REPLACE INTO audit_writers (writer, number, hash, signature, seen_at, ended) VALUES (?, ?, ?, ?, ?, ?)';
  run(into, writer, number, hash, signature, seenAt, Number(ended));
}

/** Reads a person's key from its row. */
export const personKeyOf = ({ person, id, sealed_key }: Row): PersonKey => ({
  person: String(person),
  id: String(id),
  sealedKey: String(sealed_key),
});

/** Writes a person's key as a row. */
export function savePersonKey({ run }: Session, { person, id, sealedKey }: PersonKey, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): void {
  run(`${how} INTO person_keys (person, id, sealed_key) VALUES (?, ?, ?)`, person, id, sealedKey);
}

const isOneOf = (column: string): string => `${column} IN (SELECT value FROM json_each(?))`;

const eitherOf = (conditions: readonly [string, SQLInputValue][]): [string, ...SQLInputValue[]] => [
  `(${conditions.map(([sql]) => sql).join(' OR ')})`,
  ...conditions.map(([, value]) => value),
];

function conditions(filter: AuditFilter): { where: string; values: SQLInputValue[] } {
  const { persons, typed, actors, typedActor, serial, transaction, authServer, kinds, acts, hasContent, from, until } = filter;
  const parts: [string, ...SQLInputValue[]][] = [];
  const ofPerson: [string, SQLInputValue][] = [];
  if (persons) ofPerson.push([isOneOf('subject'), JSON.stringify(persons)]);
  if (typed !== undefined) ofPerson.push(['typed = ?', typed]);
  if (ofPerson.length > 0) parts.push(eitherOf(ofPerson));
  const ofActor: [string, SQLInputValue][] = [];
  if (actors) ofActor.push([isOneOf('actor'), JSON.stringify(actors)]);
  if (typedActor !== undefined) ofActor.push(['typed = ?', typedActor]);
  if (ofActor.length > 0) parts.push(eitherOf(ofActor));
  if (serial !== undefined)
    parts.push([`(serial = ? OR (serials IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(serials) WHERE value = ?)))`, serial, serial]);
  if (transaction !== undefined) parts.push(['transaction_id = ?', transaction]);
  if (authServer !== undefined) parts.push(['auth_server = ?', authServer]);
  if (kinds) parts.push([`body IS NOT NULL AND ${isOneOf('kind')}`, JSON.stringify(kinds)]);
  if (acts) parts.push([isOneOf('act'), JSON.stringify(acts)]);
  if (hasContent) parts.push(['body IS NOT NULL']);
  if (from !== undefined) parts.push(['at >= ?', from]);
  if (until !== undefined) parts.push(['at < ?', until]);
  return { where: ['TRUE', ...parts.map(([sql]) => sql)].join(' AND '), values: parts.flatMap(([, ...values]) => values) };
}

function placeOf({ after, ascending = false }: AuditPage): { beyond: string; from: SQLInputValue[]; direction: 'ASC' | 'DESC' } {
  const [sign, direction] = ascending ? (['>', 'ASC'] as const) : (['<', 'DESC'] as const);
  return after
    ? { beyond: `(at, number, id) ${sign} (?, ?, ?)`, from: [after.at, after.number, after.id], direction }
    : { beyond: 'TRUE', from: [], direction };
}
