import type { Named, Owner, PushToken, Transaction } from '../../foundation/model/index.ts';
import type { Page } from '../../store/store.ts';
import type { EngineParts } from '../parts.ts';
import type { NoUser } from '../users/directory.ts';
import type { UserRecord } from '../users/user-source.ts';
import {
  askedUser,
  type FoundOwner,
  findOwner,
  findPerson,
  findSource,
  type Person,
  recordForPolicies,
  recordOf,
  recordOfOwner,
  sourceOf,
} from './person.ts';
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

/** Users by name and source, and their push tokens. */
export type People = {
  /**
   * Looks a user up in the sources of a realm, or in `source` only. Throws `directory-unavailable` when a source does
   * not answer, and `config-invalid` when several entries match the name: neither means that the user is unknown, so
   * neither may let anyone in.
   */
  find(user: string, realm: string, source?: string): Promise<Person>;
  /**
   * The user of this name in the form that a push token stores as its owner; undefined when the sources know no such
   * user. Throws like `find`.
   */
  findOwner(user: string, realm: string, source?: string): Promise<FoundOwner | undefined>;
  /** The record of this user, or why there is none; never throws. @see Directory.findUser */
  findUser(user: string, realm: string, source?: string): Promise<UserRecord | NoUser>;
  /** The record of a user for information only: undefined for unknown users, and when a source does not answer. */
  recordOf(user: string, realm: string, source?: string): Promise<UserRecord | undefined>;
  /** The same for a later leg of a login, which needs the record only if policies read data of users. */
  recordForPolicies(who: { user: string; realm: string; source?: string | undefined }): Promise<UserRecord | undefined>;
  /** The record of a push token's owner, for information only. */
  recordOfOwner(owner: Owner | undefined): Promise<UserRecord | undefined>;
  /**
   * The user of an administrative call, for stored records. A user who is unknown or cannot be looked up keeps the
   * typed name: administrators must be able to stop the push tokens of a user who has left.
   */
  asked(user: string, realm: string, source?: string): Promise<Asked>;
  /** The source of a realm that a request names, ignoring case, in the spelling of the configuration. */
  findSource(realm: string, name: string): string | undefined;
  /** The source of a push token's owner; undefined if the realm no longer has it, or the owner has none. */
  sourceOf(owner: Pick<Owner, 'realm' | 'resolver'> | undefined): string | undefined;
  /** The key of a user by name: case-sensitive, except in realms with `ignoreCase`. */
  key(named: Named): string;
  /**
   * Whether two names mean the same user: by the source's id if both have one, else by name. If only one has an id, the
   * names must be written the same, even in a realm with `ignoreCase`, because the source may distinguish more; it can
   * be asked about other spellings.
   */
  isSameUser(one: Named, other: Named): boolean;
  /**
   * Whether a push token of this owner belongs to this user. If both have an id of the same source, it decides. A user
   * of the same name in another source of the realm is another user. An owner without a source, or of one that the
   * realm no longer has, is the user of the same name.
   */
  isOwnedBy(owner: Owner, asked: Asked): boolean;
  /**
   * Whether an administrator who names a user means a push token of this owner: the user's own, or that of an earlier
   * user of the same source with exactly the same name. Users whose names differ only in case are not meant.
   */
  isNamedBy(owner: Owner, asked: Asked): boolean;
  /**
   * Whether a later request of a login names the user who began it, without a lookup: it names the user as the first
   * request did; or by that name, or the source's spelling, in the source that knows the user. Without a source, the
   * first one of the realm is meant.
   */
  isBegunBy(transaction: Transaction, again: NamedAgain): boolean;
  /** The push tokens of a user, by serial. If no source was asked: all of that name. */
  tokensOf(asked: Asked): Promise<PushToken[]>;
  /** One page of a list of push tokens; those of a user include earlier users of the same name and source. */
  listTokens(filter: ListFilter, page: Page): Promise<{ count: number; tokens: PushToken[] }>;
  /**
   * The push tokens of the user who finishes a transaction, without users of the same name in other sources. Prompted
   * tokens that are not among those of the typed name are found by the source's id in the transaction, without a
   * lookup.
   */
  tokensToFinish(found: readonly PushToken[], transaction: Transaction): Promise<PushToken[]>;
};

/** Binds these functions to the engine's parts. */
export const openPeople = (parts: EngineParts): People => ({
  findUser: (user, realm, source) => parts.directory.findUser(user, realm, source),
  find: (user, realm, source) => findPerson(parts, user, realm, source),
  findOwner: (user, realm, source) => findOwner(parts, user, realm, source),
  recordOf: (user, realm, source) => recordOf(parts, user, realm, source),
  recordForPolicies: (who) => recordForPolicies(parts, who),
  recordOfOwner: (owner) => recordOfOwner(parts, owner),
  asked: (user, realm, source) => askedUser(parts, { user, realm }, source),
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
