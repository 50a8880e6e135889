import { foldedName, foldedRealm, mappedName } from './person-name.ts';
import type { Owner } from './push-token.ts';

/** A user as a request names one, and, where a source knows the user, that source (`resolver`) with its id of the user. */
export type Named = { user: string; realm: string; resolver?: string | undefined; userid?: string | undefined };

/** The key of a user by name, with case. Realms and sources have no line break in their names, so no two names share a key. */
export const nameKey = ({ user, realm }: Named): string => `name\n${foldedRealm(realm)}\n${mappedName(user)}`;

/** The key of a user by name where case tells nobody apart. */
export const foldedKey = ({ user, realm }: Named): string => `folded\n${foldedRealm(realm)}\n${foldedName(user)}`;

/** The key of a user whom a source knows: it stays when the user gets another name. Undefined for a user of no source. */
export const sourceKey = ({ realm, resolver, userid }: Named): string | undefined =>
  resolver && userid ? `source\n${foldedRealm(realm)}\n${resolver}\n${userid}` : undefined;

/**
 * Every key that the push tokens of an owner are found by. All of them are stored, so that a realm may begin or cease to ignore case, or get
 * sources of users, without a change of what is stored. Stores compare keys byte by byte.
 */
export function ownerKeys(owner: Owner): string[] {
  const bySource = sourceKey(owner);
  return [nameKey(owner), foldedKey(owner), ...(bySource === undefined ? [] : [bySource])];
}
