import { GatewayFault, type Owner } from '../foundation/model/index.ts';
import type { Asker, EngineParts } from './parts.ts';
import type { NoUser, UserRecord } from './users/index.ts';

/** What the sources say of a user: the record; `unlisted`: nobody keeps a list of this realm; `unknown-user`: no source knows the name. */
export type Person = UserRecord | 'unlisted' | 'unknown-user';

type Parts = Pick<EngineParts, 'directory'>;

/**
 * Asks the sources of a realm for a user. Throws `directory-unavailable` where nobody could be asked, and `config-invalid` where several
 * entries answer to the name: neither says that the user is unknown, so neither may let anybody pass.
 */
export async function findPerson({ directory }: Parts, user: string, realm: string): Promise<Person> {
  const found = await directory.findUser(user, realm);
  if (found === 'ambiguous' || found === 'unavailable') throw notTold(found);
  return found;
}

/** The record of a user for who only tells it: undefined where there is none, and where nobody can be asked now. */
export async function recordOf({ directory }: Parts, user: string, realm: string): Promise<UserRecord | undefined> {
  const found = await directory.findUser(user, realm);
  return typeof found === 'string' ? undefined : found;
}

/**
 * Whether the owner of a push token is this user of the same name and realm: a namesake in another source of the realm is somebody else, and so
 * is who was given the name of one who left. An owner of no source, or of one that the realm has no more, is taken for the user who is there now.
 */
export function isOwnedBy({ directory }: Parts, { resolver, realm, userid = '' }: Owner, record: UserRecord): boolean {
  if (resolver !== record.resolver) return resolver === '' || !directory.sourceNames(realm).includes(resolver);
  return userid === '' || userid === record.userid;
}

/** A user whom a source knows as the owner of a push token. An id that is the name again tells nobody apart. */
export const ownerOf = ({ username, userid, resolver }: UserRecord, realm: string): Owner => ({
  ...{ user: username, realm, resolver },
  ...(userid === username ? {} : { userid }),
});

/** Whether this is the password of a user in the source that knows them. Throws as `findPerson`, and for a realm without sources. */
export async function isPassword({ directory }: Parts, user: string, realm: string, password: string): Promise<boolean> {
  const verdict = await directory.checkPassword(user, realm, password);
  switch (verdict) {
    case 'right':
      return true;
    case 'wrong':
    case 'unknown-user':
      return false;
    case 'unlisted':
    case 'ambiguous':
    case 'unavailable':
      throw notTold(verdict);
    default:
      return verdict satisfies never;
  }
}

function notTold(why: Exclude<NoUser, 'unknown-user'>): GatewayFault {
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

/** What policies and texts may use of a user whom a source knows. */
export const factsOfPerson = ({ resolver, groups, ...texts }: UserRecord): Pick<Asker, 'resolver' | 'userinfo'> => ({
  resolver,
  userinfo: { ...texts, groups: groups.join(',') },
});
