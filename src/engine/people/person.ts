import { GatewayFault, type Owner } from '../../foundation/model/index.ts';
import type { Asker, EngineParts } from '../parts.ts';
import type { NoUser, UserRecord } from '../users/index.ts';
import { type Asked, isOwnedBy } from './person-key.ts';

/**
 * The result of a lookup: the record; `unlisted`: the realm has no sources; `unknown-user`: no source knows the name;
 * `barred`: the account is disabled, expired or locked.
 */
export type Person = UserRecord | 'unlisted' | 'unknown-user' | 'barred';

/** Whether nobody may log in by that name: barred users look like unknown ones to the outside. */
export const isNobody = (person: Person | undefined): person is 'unknown-user' | 'barred' =>
  person === 'unknown-user' || person === 'barred';

/** A user as the owner of a push token is stored, and what the source tells, where there is one. */
export type FoundOwner = { owner: Owner; record?: UserRecord };

type Parts = Pick<EngineParts, 'directory'>;

/** {@link People.find}. */
export async function findPerson({ directory }: Parts, user: string, realm: string, source?: string): Promise<Person> {
  const found = await directory.findUser(user, realm, source);
  if (found === 'ambiguous' || found === 'unavailable') throw lookupFault(found);
  return found;
}

/** {@link People.findOwner}. */
export async function findOwner(parts: Parts, user: string, realm: string, source?: string): Promise<FoundOwner | undefined> {
  const person = await findPerson(parts, user, realm, source);
  if (isNobody(person)) return undefined;
  return person === 'unlisted' ? { owner: { user, realm, resolver: '' } } : { owner: ownerOf(person, realm), record: person };
}

/** {@link People.recordOf}. */
export async function recordOf({ directory }: Parts, user: string, realm: string, source?: string): Promise<UserRecord | undefined> {
  const found = await directory.findUser(user, realm, source);
  return typeof found === 'string' ? undefined : found;
}

/** {@link People.recordForPolicies}. */
export async function recordForPolicies(
  parts: Pick<EngineParts, 'directory' | 'policy'>,
  { user, realm, source }: { user: string; realm: string; source?: string | undefined },
): Promise<UserRecord | undefined> {
  return parts.policy.looksAtUsers && user !== '' ? recordOf(parts, user, realm, source) : undefined;
}

/** {@link People.sourceOf}. */
export const sourceOf = ({ directory }: Parts, owner: Pick<Owner, 'realm' | 'resolver'> | undefined): string | undefined =>
  owner && directory.sourceNames(owner.realm).includes(owner.resolver) ? owner.resolver : undefined;

/** The owner of a push token from a user's record. */
export const ownerOf = ({ username, userid, resolver }: UserRecord, realm: string): Owner => ({ user: username, realm, resolver, userid });

/** A user whose password is checked: `source` is where the user was found, if looked up. */
export type PasswordOwner = { user: string; realm: string; source?: string | undefined };

/**
 * Checks a user's password in the source that knows the user. Throws like `findPerson`, and for a realm without
 * sources.
 */
export async function isRightPassword({ directory }: Parts, { user, realm, source }: PasswordOwner, password: string): Promise<boolean> {
  const verdict = await directory.checkPassword(user, realm, password, source);
  switch (verdict) {
    case 'right':
      return true;
    case 'wrong':
    case 'unknown-user':
    case 'barred':
      return false;
    case 'unlisted':
    case 'ambiguous':
    case 'unavailable':
      throw lookupFault(verdict);
    default:
      return verdict satisfies never;
  }
}

function lookupFault(why: Exclude<NoUser, 'unknown-user' | 'barred'>): GatewayFault {
  switch (why) {
    case 'unavailable':
      return new GatewayFault('directory-unavailable', 'A user source does not answer; the log says which one and why');
    case 'ambiguous':
      return new GatewayFault('config-invalid', 'Several entries of a user source match one name; make its filter narrower');
    case 'unlisted':
      return new GatewayFault('config-invalid', 'A policy needs the passwords of users, but their realm has no user source');
    default:
      return why satisfies never;
  }
}

/** {@link People.findSource}. */
export const findSource = ({ directory }: Parts, realm: string, name: string): string | undefined =>
  directory.sourceNames(realm).find((known) => known.toLowerCase() === name.toLowerCase());

/** {@link People.asked}. */
export async function askedUser(parts: Parts, { user, realm }: { user: string; realm: string }, source?: string): Promise<Asked> {
  const record = await recordOf(parts, user, realm, source);
  return record ? { ...ownerOf(record, realm), typed: user } : { user, realm, resolver: source };
}

/** {@link People.recordOfOwner}. */
export async function recordOfOwner(parts: Parts & Pick<EngineParts, 'realms'>, owner: Owner | undefined): Promise<UserRecord | undefined> {
  const record = owner && (await recordOf(parts, owner.user, owner.realm, sourceOf(parts, owner)));
  return record && isOwnedBy(parts, owner, { ...ownerOf(record, owner.realm), typed: owner.user }) ? record : undefined;
}

/** An asker with the user's data for policies, if a source knows the user. */
export const withPerson = (asker: Asker, person: Person | undefined): Asker =>
  typeof person === 'object' ? { ...asker, ...factsOfPerson(person) } : asker;

/** The data of a user that policies and texts may use. */
export const factsOfPerson = ({ resolver, groups, ...texts }: UserRecord): Pick<Asker, 'resolver' | 'userinfo'> => ({
  resolver,
  userinfo: { ...texts, groups: groups.join(',') },
});
