import { type AuditEntry, foldedName, ok, type Result, refused } from '../../foundation/model/index.ts';
import type { AuditFilter, AuditStore } from '../../store/store.ts';
import { fieldsOf, matchesDigest } from './chain.ts';
import { administratorPerson, type Fields, usersNamed, withClearText } from './persons.ts';
import { digestOf, type Sealing } from './sealing.ts';

/**
 * A query of the audit; absent fields match everything. `realm` narrows `user`. Times are epoch ms: from `from` on,
 * before `until`.
 */
export type AuditQuery = {
  user?: string | undefined;
  realm?: string | undefined;
  administrator?: string | undefined;
  serial?: string | undefined;
  transaction?: string | undefined;
  authServer?: string | undefined;
  kinds?: readonly string[] | undefined;
  acts?: readonly string[] | undefined;
  from?: number | undefined;
  until?: number | undefined;
};

/**
 * An entry for people: the event with its clear text, `null` where it was erased; `fields` is absent after the
 * retention time.
 */
export type AuditLine = Pick<AuditEntry, 'id' | 'writer' | 'number' | 'at' | 'kind' | 'hash'> & { fields?: Fields };

/** One page, newest first unless `ascending`. `next` is the cursor of the next page; absent on the last. */
export type AuditLines = { lines: AuditLine[]; next?: string };

/** The page to read: `cursor` is a `next` of the same query, whose times may change from page to page. */
export type AuditPage = { limit: number; cursor?: string | undefined; offset?: number | undefined; ascending?: boolean | undefined };

/** Reads the audit for people. */
export type AuditReading = {
  list(query: AuditQuery, page: AuditPage): Promise<Result<AuditLines, 'cursor-of-another-query'>>;
  count(query: AuditQuery): Promise<number>;
  find(id: string): Promise<AuditLine | undefined>;
  /** Whether an entry matches its hash, and whether its neighbours in the chain exist. `verify` checks more. */
  lookAround(line: AuditLine): Promise<{ isSound: boolean; hasNeighbours: boolean }>;
};

/** Opens the audit for reading. */
export function openReading({ store, sealing }: { store: AuditStore; sealing: Sealing }): AuditReading {
  return {
    async list(query, { limit, cursor, offset, ascending }) {
      const { from: _from, until: _until, ...asked } = query;
      const sign = digestOf(JSON.stringify([asked, ascending === true])).slice(0, 8);
      const after = cursor === undefined ? undefined : placeIn(cursor, sign);
      if (after === 'of-another-query') return refused('cursor-of-another-query');
      // One extra entry shows whether there is another page.
      const found = await store.listAudit(await filterOf(store, query), { limit: limit + 1, after, offset, ascending });
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      const more = found.length > limit && last ? { next: cursorAt(last, sign) } : {};
      return ok({ lines: shown.map(lineOf), ...more });
    },
    count: async (query) => store.countAudit(await filterOf(store, query)),
    async find(id) {
      const entry = await store.findAudit(id);
      return entry && lineOf(entry);
    },
    async lookAround({ writer, number }) {
      const around = await store.auditChain(writer, Math.max(0, number - 2), number === 1 ? 2 : 3);
      const at = around.findIndex((each) => each.number === number);
      const [before, entry] = [around[at - 1], around[at]];
      const isSound = entry !== undefined && sealing.isHash(before?.hash ?? '', entry) && matchesDigest(entry);
      return { isSound, hasNeighbours: (number === 1 || before !== undefined) && around[at + 1] !== undefined };
    },
  };
}

/** Converts an entry for people. */
export function lineOf(entry: AuditEntry): AuditLine {
  const { id, writer, number, at, kind, hash, clear } = entry;
  const fields = fieldsOf(entry);
  return { id, writer, number, at, kind, hash, ...(fields ? { fields: shown(fields, clear) } : {}) };
}

/** Omits the fields that only the chain needs. */
function shown(fields: Fields, clear: AuditEntry['clear']): Fields {
  const { v: _form, subject: _subject, actor: _actor, kind: _kind, ...rest } = withClearText(fields, clear);
  return rest;
}

async function filterOf(store: AuditStore, { user, realm, administrator, ...rest }: AuditQuery): Promise<AuditFilter> {
  if (user === undefined && administrator === undefined) return rest;
  const [persons, actors] = await Promise.all([
    user === undefined ? undefined : personsNamed(store, user, realm),
    administrator === undefined ? undefined : store.findPersonKeys([administratorPerson(administrator)]),
  ]);
  return {
    ...rest,
    persons: persons?.map(({ id }) => id),
    // A typed name that no user has comes with no known realm either, so the realm does not narrow it.
    typed: user === undefined ? undefined : foldedName(user),
    actors: actors?.map(({ id }) => id),
    typedActor: administrator === undefined ? undefined : administratorPerson(administrator),
  };
}

/**
 * The keys of all users with this name, ignoring case, in one realm or in all; without a realm also that of an
 * administrator.
 */
const personsNamed = async (store: AuditStore, user: string, realm: string | undefined) => [
  ...(await store.personKeysFrom(usersNamed(user, realm))),
  ...(realm === undefined ? await store.findPersonKeys([administratorPerson(user)]) : []),
];

const cursorAt = ({ at, number, id }: AuditEntry, sign: string): string =>
  Buffer.from(`${sign}.${at}.${number}.${id}`).toString('base64url');

function placeIn(cursor: string, sign: string): Pick<AuditEntry, 'at' | 'number' | 'id'> | 'of-another-query' {
  const [, theirs, at, number, id] = /^([\w-]+)\.(\d{1,15})\.(\d{1,15})\.(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return theirs === sign && id !== undefined ? { at: Number(at), number: Number(number), id } : 'of-another-query';
}
