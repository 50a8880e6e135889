import type { z } from 'zod';
import { foldedRealm, GatewayFault, longestName } from '../../foundation/model/index.ts';
import { settingProblemsOf } from '../../foundation/settings/index.ts';
import type { realmConfig } from './realms.ts';
import { openUserSource, type SourceSurroundings, type UserSourceEntry } from './sources.ts';
import type { SourceCheck, UserRecord, UserSource } from './user-source.ts';

/**
 * Why there is no user. `unlisted`: the realm has no sources, so everyone with a push token counts as a user. `barred`,
 * `ambiguous` and `unavailable` do not mean that the user is unknown: rules that let unknown users in must not apply to
 * them.
 */
export type NoUser = 'unlisted' | 'unknown-user' | 'barred' | 'ambiguous' | 'unavailable';

/** The users of all realms. */
export type Directory = {
  /**
   * The user of this name in this realm, with names already split by `Realms`; the record's `resolver` is the user's
   * source. With `source`, only that source of the realm is asked.
   */
  findUser(user: string, realm: string, source?: string): Promise<UserRecord | NoUser>;
  /**
   * Checks a user's password in the source that knows the user, or in `source`. An unknown user takes as long as a
   * wrong password.
   */
  checkPassword(user: string, realm: string, password: string, source?: string): Promise<'right' | 'wrong' | NoUser>;
  /** Drops what is cached of a user and password, because cached answers come sooner than unknown or wrong ones. */
  forget(user: string, realm: string): void;
  /** Whether a realm has any source of users. */
  isListed(realm: string): boolean;
  /** The names of a realm's sources, in order. */
  sourceNames(realm: string): readonly string[];
  /** Checks every source without looking up a user; results by source name. */
  check(signal: AbortSignal): Promise<{ name: string; result: SourceCheck }[]>;
  close(): Promise<void>;
};

type Options = SourceSurroundings & {
  realms: readonly Pick<z.output<typeof realmConfig>, 'name' | 'users'>[];
  sources: readonly UserSourceEntry[];
};

/**
 * Opens the sources of a configuration, without connecting. Throws `config-invalid` with all problems when files that
 * they name cannot be used.
 */
export function openDirectory({ realms, sources, ...surroundings }: Options): Directory {
  const opened = openSources(sources, surroundings);
  const namesOf = (realm: string): readonly string[] => realms.find(({ name }) => foldedRealm(name) === foldedRealm(realm))?.users ?? [];
  const sourcesOf = (realm: string): readonly UserSource[] => namesOf(realm).flatMap((name) => opened.get(name) ?? []);
  const find = async (user: string, realm: string, source: string | undefined) => {
    if (source === undefined) return firstThatKnows(sourcesOf(realm), user);
    const only = namesOf(realm).includes(source) ? opened.get(source) : undefined;
    return only ? firstThatKnows([only], user) : 'unknown-user';
  };
  return {
    async findUser(user, realm, source) {
      const found = await find(user, realm, source);
      return typeof found === 'string' ? found : found.user;
    },
    async checkPassword(user, realm, password, source) {
      const [first] = sourcesOf(realm);
      const found = await find(user, realm, source);
      if ((found === 'unknown-user' || found === 'barred') && isName(user)) await first?.checkPassword(user, password);
      return typeof found === 'string' ? found : found.source.checkPassword(user, password);
    },
    forget(user, realm) {
      for (const source of sourcesOf(realm)) source.forget?.(user);
    },
    isListed: (realm) => sourcesOf(realm).length > 0,
    sourceNames: namesOf,
    check: (signal) => Promise.all([...opened].map(async ([name, source]) => ({ name, result: await source.check(signal) }))),
    async close() {
      await Promise.all([...opened.values()].map((source) => source.close()));
    },
  };
}

function openSources(sources: readonly UserSourceEntry[], surroundings: SourceSurroundings): ReadonlyMap<string, UserSource> {
  const opened = new Map<string, UserSource>();
  const problems: string[] = [];
  for (const entry of sources) {
    try {
      opened.set(entry.name, openUserSource(entry, surroundings));
    } catch (error) {
      for (const { path, message } of settingProblemsOf(error)) problems.push(`${placeOf(entry, path)}: ${message}`);
    }
  }
  if (problems.length > 0) throw new GatewayFault('config-invalid', problems.join('\n'));
  return opened;
}

const placeOf = ({ name }: UserSourceEntry, path: readonly PropertyKey[]): string =>
  [`user source ${name}`, ...(path.length > 0 ? [['config', ...path].map(String).join('.')] : [])].join(', ');

/**
 * A source that does not answer, or bars the user, ends the search: its user is not the same as a later source's user
 * of that name.
 */
async function firstThatKnows(sources: readonly UserSource[], user: string): Promise<{ user: UserRecord; source: UserSource } | NoUser> {
  if (sources.length === 0) return 'unlisted';
  if (!isName(user)) return 'unknown-user';
  for (const source of sources) {
    const found = await source.find(user);
    if (found.kind === 'found') return { user: found.user, source };
    if (found.kind !== 'unknown') return found.kind;
  }
  return 'unknown-user';
}

const isName = (user: string): boolean => user !== '' && user.length <= longestName && !user.includes('\0');
