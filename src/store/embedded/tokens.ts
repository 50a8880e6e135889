import type { SQLInputValue } from 'node:sqlite';
import { foldedName, ownerKeys, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import type { Page, PushTokenFilter, Store, TokenTally } from '../store.ts';
import { addNote } from './audit.ts';
import type { Row, Session } from './session.ts';

type TokenStore = Pick<
  Store,
  | 'addToken'
  | 'findToken'
  | 'tokensOf'
  | 'namesakes'
  | 'listTokens'
  | 'countTokens'
  | 'tallyTokens'
  | 'changeToken'
  | 'countFailure'
  | 'countLogin'
  | 'removeToken'
>;

const columns = 'serial, version, fail_count, exceeded_at, login_count, last_login_at, last_login_effect, body';
const selectOne = `SELECT ${columns} FROM tokens WHERE serial = ?`;
const sortColumns: Record<Page['sortBy'], string> = { serial: 'serial', createdAt: 'created_at', user: 'user' };

const namesakes = `
  WITH several AS (
    SELECT folded_user AS name, lower(realm) AS place FROM tokens WHERE user IS NOT NULL GROUP BY 1, 2 HAVING min(user) <> max(user) LIMIT ?
  )
  SELECT DISTINCT body ->> '$.owner' AS owner FROM tokens JOIN several ON folded_user = name AND lower(realm) = place`;

const tally = `
  SELECT type, rollout, enabled, user IS NOT NULL AS assigned, fail_count >= max_fail AS locked, count(*) AS n
  FROM tokens GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`;

/** Its parameter is a JSON list of keys. */
const hasOwnerKey = 'serial IN (SELECT serial FROM owner_keys WHERE key IN (SELECT value FROM json_each(?)))';
const selectOwned = 'SELECT DISTINCT serial FROM owner_keys WHERE key IN (SELECT value FROM json_each(?)) ORDER BY serial';

/** The push tokens: columns for searched fields, JSON for the rest. */
export function tokenStore(session: Session): TokenStore {
  const { get, all, run, read, write, tokens } = session;
  const find = (serial: string): PushToken | undefined => {
    const row = get(selectOne, serial);
    return row && tokenOf(row);
  };
  return {
    addToken: (token, note) =>
      write('addToken', () => {
        if (saveToken(session, token, 'INSERT OR IGNORE') === 0) return 'taken';
        saveOwnerKeys(session, token);
        addNote(session, note);
        return 'added';
      }),
    findToken: (serial) => read('findToken', () => tokens.find(serial, find)),
    tokensOf: (keys) =>
      read('tokensOf', () => all(selectOwned, JSON.stringify(keys)).flatMap(({ serial }) => tokens.find(String(serial), find) ?? [])),
    namesakes: (limit) => read('namesakes', () => all(namesakes, limit).map(({ owner }) => JSON.parse(String(owner)))),
    listTokens: (filter, page) =>
      read('listTokens', () => {
        const { where, values } = conditions(filter);
        const count = Number(get(`SELECT count(*) AS n FROM tokens WHERE ${where}`, ...values)?.n);
        const direction = page.descending ? 'DESC' : 'ASC';
        const order = `${sortColumns[page.sortBy]} ${direction}, serial ${direction}`;
        const rows = all(
          `SELECT ${columns} FROM tokens WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`,
          ...values,
          page.limit,
          page.offset,
        );
        return { count, tokens: rows.map(tokenOf) };
      }),
    countTokens: (type) => read('countTokens', () => Number(get('SELECT count(*) AS n FROM tokens WHERE type = ?', type)?.n)),
    tallyTokens: () => read('tallyTokens', () => all(tally).map(tallyOf)),
    changeToken: (serial, expectedVersion, change, note) =>
      write('changeToken', () => {
        const token = find(serial);
        if (token?.version !== expectedVersion) return 'conflict';
        const next = { ...changed(token, change), version: expectedVersion + 1 };
        updateToken(session, next);
        if (change.owner !== undefined) saveOwnerKeys(session, next);
        addNote(session, note);
        return 'changed';
      }),
    countFailure: (serials, at, ceiling) =>
      write('countFailure', () => {
        const most = ceiling ?? null;
        for (const serial of serials) {
          tokens.forget(serial);
          run(
            `UPDATE tokens SET fail_count = min(fail_count + 1, ifnull(?, max_fail)), exceeded_at = iif(fail_count + 1 = max_fail, ?, exceeded_at)
             WHERE serial = ?`,
            most,
            at,
            serial,
          );
        }
      }),
    countLogin: (serial, at, effect) =>
      write('countLogin', () => {
        tokens.forget(serial);
        run(
          `UPDATE tokens SET fail_count = 0, exceeded_at = NULL, login_count = login_count + 1, last_login_at = ?, last_login_effect = ?
           WHERE serial = ? AND (last_login_at IS NULL OR last_login_at <= ? AND last_login_effect <> ?)`,
          at,
          effect,
          serial,
          at,
          effect,
        );
      }),
    removeToken: (serial, note) =>
      write('removeToken', () => {
        tokens.forget(serial);
        run('DELETE FROM owner_keys WHERE serial = ?', serial);
        const was = run('DELETE FROM tokens WHERE serial = ?', serial) === 1;
        if (was) addNote(session, note);
        return was;
      }),
  };
}

const tallyOf = ({ type, rollout, enabled, assigned, locked, n }: Row): TokenTally => ({
  type: String(type),
  rollout: String(rollout) as PushToken['rollout'],
  enabled: enabled === 1,
  assigned: assigned === 1,
  locked: locked === 1,
  count: Number(n),
});

/** Writes a push token; returns the number of changed rows. */
export function saveToken({ run, tokens }: Session, token: PushToken, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): number {
  tokens.forget(token.serial);
  const values = valuesOf(token);
  const names = ['serial', 'type', 'created_at', ...Object.keys(values)];
  return run(
    `${how} INTO tokens (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    token.serial,
    token.type,
    token.createdAt,
    ...Object.values(values),
  );
}

/** Updates a push token in place, so that few indexes are written. Its type and creation time never change. */
function updateToken({ run, tokens }: Session, token: PushToken): void {
  tokens.forget(token.serial);
  const values = valuesOf(token);
  const sets = Object.keys(values).map((name) => `${name} = ?`);
  run(`UPDATE tokens SET ${sets.join(', ')} WHERE serial = ?`, ...Object.values(values), token.serial);
}

/** The columns that an update sets. */
const valuesOf = ({ version, failCount, exceededAt, loginCount, lastLogin, ...token }: PushToken): Record<string, SQLInputValue> => ({
  version,
  user: token.owner?.user ?? null,
  folded_user: token.owner ? foldedName(token.owner.user) : null,
  realm: token.owner?.realm ?? null,
  rollout: token.rollout,
  enabled: token.enabled ? 1 : 0,
  fail_count: failCount,
  max_fail: token.maxFail,
  exceeded_at: exceededAt ?? null,
  login_count: loginCount,
  last_login_at: lastLogin?.at ?? null,
  last_login_effect: lastLogin?.effect ?? null,
  body: JSON.stringify(token),
});

/** Replaces the owner keys of a push token. */
export function saveOwnerKeys({ run }: Pick<Session, 'run'>, { serial, owner }: Pick<PushToken, 'serial' | 'owner'>): void {
  run('DELETE FROM owner_keys WHERE serial = ?', serial);
  for (const key of owner ? ownerKeys(owner) : []) run('INSERT INTO owner_keys (key, serial) VALUES (?, ?)', key, serial);
}

/** Reads a push token from its row. */
export const tokenOf = (row: Row): PushToken => ({
  ...JSON.parse(String(row.body)),
  version: Number(row.version),
  failCount: Number(row.fail_count),
  ...(row.exceeded_at === null ? {} : { exceededAt: Number(row.exceeded_at) }),
  loginCount: Number(row.login_count),
  ...(row.last_login_at === null ? {} : { lastLogin: { at: Number(row.last_login_at), effect: String(row.last_login_effect) } }),
});

function changed(token: PushToken, change: PushTokenChange): PushToken {
  const fields = Object.entries({ ...token, ...change }).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(fields) as PushToken;
}

/** The WHERE clause of a list. Only `*` is a wildcard; other special characters of GLOB are escaped. */
function conditions(filter: PushTokenFilter): { where: string; values: (string | number)[] } {
  const parts: [string, string | number][] = [];
  const resolver = `ifnull(json_extract(body, '$.owner.resolver'), '')`;
  const special = /[[?\]]/g;
  const glob = (folded: string): string => folded.replace(special, (letter) => `[${letter}]`);
  // An index serves the part before the first *, or the whole text.
  const isLike = (column: string, folded: string): [string, string] =>
    folded.includes('*') ? [`${column} GLOB ?`, glob(folded)] : [`${column} = ?`, folded];
  if (filter.serial !== undefined) parts.push(isLike('lower(serial)', filter.serial.toLowerCase()));
  if (filter.afterSerial !== undefined) parts.push(['serial > ?', filter.afterSerial]);
  if (filter.user !== undefined) parts.push(isLike('folded_user', foldedName(filter.user)));
  if (filter.ownerKeys !== undefined) parts.push([hasOwnerKey, JSON.stringify(filter.ownerKeys)]);
  if (filter.realm !== undefined) parts.push(['realm = ? COLLATE NOCASE', filter.realm]);
  if (filter.resolver !== undefined) parts.push([`${resolver} = ?`, filter.resolver]);
  for (const name of filter.notResolvers ?? []) parts.push([`${resolver} <> ?`, name]);
  if (filter.tokenRealm !== undefined)
    parts.push([`EXISTS (SELECT 1 FROM json_each(body, '$.realms') WHERE value = ? COLLATE NOCASE)`, filter.tokenRealm]);
  if (filter.inRealms !== undefined) {
    const isIn = `EXISTS (SELECT 1 FROM json_each(body, '$.realms') AS own JOIN json_each(?) AS wanted ON own.value = wanted.value COLLATE NOCASE)`;
    const isInNone = filter.inRealms.includes('') ? ` OR json_array_length(body, '$.realms') = 0` : '';
    parts.push([`(${isIn}${isInNone})`, JSON.stringify(filter.inRealms)]);
  }
  if (filter.type !== undefined) parts.push(['type = ?', filter.type]);
  if (filter.rollout !== undefined) parts.push(['rollout = ?', filter.rollout]);
  if (filter.enabled !== undefined) parts.push(['enabled = ?', filter.enabled ? 1 : 0]);
  if (filter.assigned !== undefined) parts.push(['(user IS NOT NULL) = ?', filter.assigned ? 1 : 0]);
  return { where: ['TRUE', ...parts.map(([sql]) => sql)].join(' AND '), values: parts.map(([, value]) => value) };
}
