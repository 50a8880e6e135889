import type { Named, Owner, PushToken, Transaction } from '../../foundation/model/index.ts';
import type { Page } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import type { NoUser } from '../users/directory.ts';
import type { UserRecord } from '../users/user-source.ts';
import { type FoundOwner, findOwner, findPerson, findSource, type Person, recordForPolicies, recordOf, sourceOf } from './person.ts';
import {
  type Asked,
  isBegunBy,
  isNamedBy,
  isOwnedBy,
  isSameUser,
  type ListFilter,
  listTokens,
  type NamedAgain,
  personKey,
  tokensOf,
  tokensToFinish,
} from './person-key.ts';

/** Users by name and source, and the push tokens that are theirs. */
export type People = {
  /**
   * Asks the sources of a realm for a user, or `source` alone. Throws `directory-unavailable` where nobody could be asked, and `config-invalid` where several
   * entries answer to the name: neither says that the user is unknown, so neither may let anybody pass.
   */
  find(user: string, realm: string, source?: string): Promise<Person>;
  /** The user of this name as the owner of a push token is stored; undefined where the sources know nobody who may log in by it. Throws as `find`. */
  findOwner(user: string, realm: string, source?: string): Promise<FoundOwner | undefined>;
  /** The user of this name as the sources tell it, or why there is none; throws nothing. @see Directory.findUser */
  findUser(user: string, realm: string, source?: string): Promise<UserRecord | NoUser>;
  /** The record of a user for who only tells it: undefined where there is none, and where nobody can be asked now. */
  recordOf(user: string, realm: string, source?: string): Promise<UserRecord | undefined>;
  /** The same for a login that began before: where policies look at users, since then no source needs to be asked for anything else. */
  recordForPolicies(who: { user: string; realm: string; source?: string | undefined }): Promise<UserRecord | undefined>;
  /** The source of a realm that a request names, in the spelling of the configuration; names count in any case. */
  findSource(realm: string, name: string): string | undefined;
  /** The source that knows the owner of a push token; undefined where the realm has it no more, or where the owner is of none. */
  sourceOf(owner: Pick<Owner, 'realm' | 'resolver'> | undefined): string | undefined;
  /** The key of a user by name: with case, but for realms whose configuration says `ignoreCase`. */
  key(named: Named): string;
  /**
   * Whether two names mean one user: by the source's id where both have one, else by the name. Where one has an id the name counts as it is written, in any
   * realm: the source may tell apart what the realm does not, and can be asked about any other way to write it.
   */
  isSameUser(one: Named, other: Named): boolean;
  /**
   * Whether a push token of this owner belongs to this user. The source's id decides where both have one of the same source. A namesake in another
   * source of the realm is another user. An owner of no source, or of one that the realm has no more, is the user of the same name.
   */
  isOwnedBy(owner: Owner, asked: Asked): boolean;
  /**
   * Whether an administrator who names a user means a push token of this owner: theirs, or that of an earlier user of the source whose name was written just so.
   * A user whose name differs in case alone is not meant.
   */
  isNamedBy(owner: Owner, asked: Asked): boolean;
  /**
   * Whether a later request of a login means the user who began it, seen without a look-up: it names the user as the request before did; or by that name, or the
   * one that the source writes, in the source that knows the user. Where none is named, the first one of the realm is meant.
   */
  isBegunBy(transaction: Transaction, again: NamedAgain): boolean;
  /** The push tokens of a user, by serial. Where no source was asked: every one of that name. */
  tokensOf(asked: Asked): Promise<PushToken[]>;
  /** A page of the push tokens that a list is asked for; those of a user with those of earlier users of the same name and source. */
  listTokens(filter: ListFilter, page: Page): Promise<{ count: number; tokens: PushToken[] }>;
  /**
   * The push tokens of the user who finishes a transaction, without those of namesakes in other sources. Where some that were asked are not among those of the
   * typed name, the source's id that the transaction remembers finds them: no source is asked for that.
   */
  tokensToFinish(found: readonly PushToken[], transaction: Transaction): Promise<PushToken[]>;
};

/** Ties them to the engine's parts. */
export const openPeople = (parts: EngineParts): People => ({
  findUser: (user, realm, source) => parts.directory.findUser(user, realm, source),
  find: (user, realm, source) => findPerson(parts, user, realm, source),
  findOwner: (user, realm, source) => findOwner(parts, user, realm, source),
  recordOf: (user, realm, source) => recordOf(parts, user, realm, source),
  recordForPolicies: (who) => recordForPolicies(parts, who),
  findSource: (realm, name) => findSource(parts, realm, name),
  sourceOf: (owner) => sourceOf(parts, owner),
  key: (named) => personKey(parts, named),
  isSameUser: (one, other) => isSameUser(parts, one, other),
  isOwnedBy: (owner, asked) => isOwnedBy(parts, owner, asked),
  isNamedBy: (owner, asked) => isNamedBy(parts, owner, asked),
  isBegunBy: (transaction, again) => isBegunBy(parts, transaction, again),
  tokensOf: (asked) => tokensOf(parts, asked),
  listTokens: (filter, page) => listTokens(parts, filter, page),
  tokensToFinish: (found, transaction) => tokensToFinish(parts, found, transaction),
});
