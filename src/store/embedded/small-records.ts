import {
  type AdminAccount,
  type AuditNote,
  type KnownClient,
  type PartitionKey,
  type StockKey,
  withPerson,
} from '../../foundation/model/index.ts';
import { afterAllFrom, type Counter, type OtherStore, probeKey } from '../store.ts';
import { addNote } from './audit.ts';
import type { Row, Session } from './session.ts';

/** Counters, known clients, the key stock, shared keys, and accounts. */
export function otherStore(session: Session): OtherStore {
  const { get, all, run, read, write } = session;
  /** Writes the note if exactly one record changed. */
  const noted = (changes: number, note: AuditNote | undefined): boolean => {
    if (changes === 1) addNote(session, note);
    return changes === 1;
  };
  return {
    countUp: (key, now, endsAt) =>
      write('countUp', () => {
        const row = get(
          `INSERT INTO counters (key, count, ends_at) VALUES (?, 1, ?)
           ON CONFLICT (key) DO UPDATE SET count = iif(ends_at <= ?, 1, count + 1), ends_at = iif(ends_at <= ?, excluded.ends_at, ends_at)
           RETURNING count, ends_at`,
          key,
          endsAt,
          now,
          now,
        );
        return { count: Number(row?.count), endsAt: Number(row?.ends_at) };
      }),
    countOf: (key, now) =>
      read('countOf', () => Number(get('SELECT count FROM counters WHERE key = ? AND ends_at > ?', key, now)?.count ?? 0)),
    countersFrom: (beginning, now, limit) =>
      read('countersFrom', () => {
        const from = 'counters WHERE key >= ? AND key < ? AND ends_at > ? ORDER BY key LIMIT ?';
        return all(`SELECT * FROM ${from}`, beginning, afterAllFrom(beginning), now, limit).map(counterOf);
      }),
    endCounters: (beginning) =>
      write('endCounters', () => {
        run('DELETE FROM counters WHERE key >= ? AND key < ?', beginning, afterAllFrom(beginning));
      }),
    uncount: (keys, how) =>
      write('uncount', () => {
        const change = how === 'all' ? 'DELETE FROM counters' : 'UPDATE counters SET count = max(count - 1, 0)';
        for (const key of keys) run(`${change} WHERE key = ?`, key);
      }),
    rememberPerson: (client, added, now) =>
      write('rememberPerson', () => {
        const row = get('SELECT * FROM known_clients WHERE client = ?', client);
        const persons = withPerson(row ? knownClientOf(row).persons : [], added, now);
        saveKnownClient(run, { client, persons, endsAt: Math.max(Number(row?.ends_at ?? 0), added.until) });
      }),
    personsOf: (client, now) =>
      read('personsOf', () => {
        const row = get('SELECT * FROM known_clients WHERE client = ?', client);
        return row ? knownClientOf(row).persons.filter(({ until }) => until > now) : [];
      }),
    async probe(prober, endsAt) {
      await write('probe', () => {
        run('INSERT OR REPLACE INTO counters (key, count, ends_at) VALUES (?, 1, ?)', probeKey(prober), endsAt);
      });
      return {};
    },
    addStockKey: ({ id, bits, publicKey, sealedPrivateKey }) =>
      write('addStockKey', () => {
        run('INSERT INTO stock_keys (id, bits, public_key, sealed_private_key) VALUES (?, ?, ?, ?)', id, bits, publicKey, sealedPrivateKey);
      }),
    takeStockKey: (bits) =>
      write('takeStockKey', () => {
        const row = get('DELETE FROM stock_keys WHERE id = (SELECT id FROM stock_keys WHERE bits = ? LIMIT 1) RETURNING *', bits);
        return row && stockKeyOf(row);
      }),
    countStockKeys: (bits) => read('countStockKeys', () => Number(get('SELECT count(*) AS n FROM stock_keys WHERE bits = ?', bits)?.n)),
    addPartitionKey: ({ id, publicKey, sealedSeed }) =>
      write('addPartitionKey', () => {
        const into = 'INSERT OR IGNORE INTO partition_keys (id, public_key, sealed_seed) VALUES (?, ?, ?)';
        return run(into, id, publicKey, sealedSeed) === 1 ? 'added' : 'taken';
      }),
    findPartitionKey: (id) =>
      read('findPartitionKey', () => {
        const row = get('SELECT * FROM partition_keys WHERE id = ?', id);
        return row && partitionKeyOf(row);
      }),
    addAccount: (account, note) =>
      write('addAccount', () => (noted(saveAccount(run, account, 'INSERT OR IGNORE'), note) ? 'added' : 'taken')),
    putAccount: (account, note) =>
      write('putAccount', () => {
        noted(saveAccount(run, account, 'INSERT OR REPLACE'), note);
      }),
    changeAccount: (name, change, note) =>
      write('changeAccount', () => {
        const [column, value] = 'disabled' in change ? ['disabled', Number(change.disabled)] : ['password_hash', change.passwordHash];
        const insteadOf = 'disabled' in change ? undefined : change.insteadOf;
        const sameHash = insteadOf === undefined ? '' : ' AND password_hash = ?';
        const values = [value, change.seal ?? null, name, ...(insteadOf === undefined ? [] : [insteadOf])];
        return noted(run(`UPDATE accounts SET ${column} = ?, seal = ifnull(?, seal) WHERE name = ?${sameHash}`, ...values), note);
      }),
    removeAccount: (name, note) => write('removeAccount', () => noted(run('DELETE FROM accounts WHERE name = ?', name), note)),
    findAccount: (name) =>
      read('findAccount', () => {
        const row = get('SELECT * FROM accounts WHERE name = ?', name);
        return row && accountOf(row);
      }),
    listAccounts: () => read('listAccounts', () => all('SELECT * FROM accounts ORDER BY name').map(accountOf)),
  };
}

/** Reads a stock key from its row. */
export const stockKeyOf = ({ id, bits, public_key, sealed_private_key }: Row): StockKey => ({
  id: String(id),
  bits: Number(bits),
  publicKey: String(public_key),
  sealedPrivateKey: String(sealed_private_key),
});

/** Reads a shared key from its row. */
export const partitionKeyOf = ({ id, public_key, sealed_seed }: Row): PartitionKey => ({
  id: String(id),
  publicKey: String(public_key),
  sealedSeed: String(sealed_seed),
});

/** Reads an account from its row. */
export const accountOf = ({ name, password_hash, created_at, disabled, seal }: Row): AdminAccount => ({
  name: String(name),
  passwordHash: String(password_hash),
  createdAt: Number(created_at),
  ...(disabled === 1 ? { disabled: true } : {}),
  ...(typeof seal === 'string' ? { seal } : {}),
});

/** Writes an account as a row; returns the number of changed rows. */
export const saveAccount = (
  run: Session['run'],
  { name, passwordHash, createdAt, disabled, seal }: AdminAccount,
  how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE',
): number => {
  const into = `${how} INTO accounts (name, password_hash, created_at, disabled, seal) VALUES (?, ?, ?, ?, ?)`;
  return run(into, name, passwordHash, createdAt, Number(disabled ?? false), seal ?? null);
};

/** Reads a counter from its row. */
export const counterOf = ({ key, count, ends_at }: Row): Counter => ({ key: String(key), count: Number(count), endsAt: Number(ends_at) });

/** Reads a known client from its row. */
export const knownClientOf = ({ client, persons, ends_at }: Row): KnownClient => ({
  client: String(client),
  persons: JSON.parse(String(persons)),
  endsAt: Number(ends_at),
});

/** Writes a known client, replacing an existing one. */
export const saveKnownClient = (run: Session['run'], { client, persons, endsAt }: KnownClient): number =>
  run('INSERT OR REPLACE INTO known_clients (client, persons, ends_at) VALUES (?, ?, ?)', client, JSON.stringify(persons), endsAt);
