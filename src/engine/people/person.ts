import { GatewayFault, type Owner } from '../../foundation/model/index.ts';
import type { Asker, EngineParts } from '../parts.ts';
import type { NoUser, UserRecord } from '../users/index.ts';

/** What the sources say of a user: the record; `unlisted`: nobody keeps a list of this realm; `unknown-user`: no source knows the name; `barred`: the account is disabled, expired or locked. */
export type Person = UserRecord | 'unlisted' | 'unknown-user' | 'barred';

/** Whether nobody may do anything by that name: it is told to the outside as that of nobody. */
export const isNobody = (person: Person | undefined): person is 'unknown-user' | 'barred' =>
  person === 'unknown-user' || person === 'barred';

/** A user as the owner of a push token is stored, and what the source tells, where there is one. */
export type FoundOwner = { owner: Owner; record?: UserRecord };

type Parts = Pick<EngineParts, 'directory'>;

/** {@link People.find}. */
export async function findPerson({ directory }: Parts, user: string, realm: string, source?: string): Promise<Person> {
  const found = await directory.findUser(user, realm, source);
  if (found === 'ambiguous' || found === 'unavailable') throw notTold(found);
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

/** A user whom a source knows as the owner of a push token. */
export const ownerOf = ({ username, userid, resolver }: UserRecord, realm: string): Owner => ({ user: username, realm, resolver, userid });

/** A user as a password is checked for: `source` is where they were found, where they were looked for. */
export type PasswordOwner = { user: string; realm: string; source?: string | undefined };

/** Whether this is the password of a user in the source that knows them. Throws as `findPerson`, and for a realm without sources. */
export async function isPassword({ directory }: Parts, { user, realm, source }: PasswordOwner, password: string): Promise<boolean> {
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
      throw notTold(verdict);
    default:
      return verdict satisfies never;
  }
}

function notTold(why: Exclude<NoUser, 'unknown-user' | 'barred'>): GatewayFault {
  switch (why) {
    case 'unavailable':
      return new GatewayFault('directory-unavailable', 'A source of users cannot be asked; the log says which one, and why');
    case 'ambiguous':
      return new GatewayFault('config-invalid', 'Several entries of a source answer to one name; make its filter narrower');
    case 'unlisted':
      return new GatewayFault('config-invalid', 'A policy asks for passwords of users, and their realm has no sources of users');
    default:
      return why satisfies never;
  }
}

/** {@link People.findSource}. */
export const findSource = ({ directory }: Parts, realm: string, name: string): string | undefined =>
  directory.sourceNames(realm).find((known) => known.toLowerCase() === name.toLowerCase());

/** An asker with what policies may use of the user, where a source knows them. */
export const withPerson = (asker: Asker, person: Person | undefined): Asker =>
  typeof person === 'object' ? { ...asker, ...factsOfPerson(person) } : asker;

/** What policies and texts may use of a user whom a source knows. */
export const factsOfPerson = ({ resolver, groups, ...texts }: UserRecord): Pick<Asker, 'resolver' | 'userinfo'> => ({
  resolver,
  userinfo: { ...texts, groups: groups.join(',') },
});
