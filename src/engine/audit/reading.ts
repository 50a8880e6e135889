import { type AuditEntry, foldedName, ok, type Result, refused } from '../../foundation/model/index.ts';
import type { AuditFilter, AuditStore } from '../../store/store.ts';
import { fieldsOf, isAsDigested } from './chain.ts';
import { administratorPerson, type Fields, unveil, usersNamed } from './persons.ts';
import { digestOf, type Sealing } from './sealing.ts';

/** What is asked of the audit; an absent field asks nothing. `realm` narrows `user`. Times are epoch ms: from `from` on, before `until`. */
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

/** An entry as people read it: the event with its clear text, `null` where that was erased; `fields` is absent where its time to be kept was over. */
export type AuditLine = Pick<AuditEntry, 'id' | 'writer' | 'number' | 'at' | 'kind' | 'hash'> & { fields?: Fields };

/** One page, newest first unless `ascending`. `next` asks for the one after it, and is absent on the last. */
export type AuditLines = { lines: AuditLine[]; next?: string };

/** Which page: `cursor` is a `next` of the same query. Times may move along from page to page: they are not held against a cursor. */
export type AuditWish = { limit: number; cursor?: string | undefined; offset?: number | undefined; ascending?: boolean | undefined };

/** Reads the audit for people. */
export type AuditReading = {
  list(query: AuditQuery, wish: AuditWish): Promise<Result<AuditLines, 'cursor-of-another-query'>>;
  count(query: AuditQuery): Promise<number>;
  find(id: string): Promise<AuditLine | undefined>;
  /** Whether an entry is what its hash says, and whether its neighbours in the chain are there. `verify` looks at more. */
  lookAround(line: AuditLine): Promise<{ isSound: boolean; hasNeighbours: boolean }>;
};

/** Opens the reading of an audit. */
export function openReading({ store, sealing }: { store: AuditStore; sealing: Sealing }): AuditReading {
  return {
    async list(query, { limit, cursor, offset, ascending }) {
      const { from: _from, until: _until, ...asked } = query;
      const sign = digestOf(JSON.stringify([asked, ascending === true])).slice(0, 8);
      const after = cursor === undefined ? undefined : placeIn(cursor, sign);
      if (after === 'of-another-query') return refused('cursor-of-another-query');
      // One more tells whether there is another page.
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
      const isSound = entry !== undefined && sealing.isHash(before?.hash ?? '', entry) && isAsDigested(entry);
      return { isSound, hasNeighbours: (number === 1 || before !== undefined) && around[at + 1] !== undefined };
    },
  };
}

/** An entry for people. */
export function lineOf(entry: AuditEntry): AuditLine {
  const { id, writer, number, at, kind, hash, clear } = entry;
  const fields = fieldsOf(entry);
  return { id, writer, number, at, kind, hash, ...(fields ? { fields: shown(fields, clear) } : {}) };
}

/** Without what only the chain needs. */
function shown(fields: Fields, clear: AuditEntry['clear']): Fields {
  const { v: _form, subject: _subject, actor: _actor, kind: _kind, ...rest } = unveil(fields, clear);
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
    // Whoever types a name that nobody has types no realm that is known either.
    typed: user === undefined ? undefined : foldedName(user),
    actors: actors?.map(({ id }) => id),
    typedActor: administrator === undefined ? undefined : administratorPerson(administrator),
  };
}

/** The keys of the users of this name, however it is written, in one realm or in all, and of an administrator whose account it names. */
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
