import type { Entry } from 'ldapts';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import type { UserRecord } from '../user-source.ts';
import type { LdapConfig } from './config.ts';
import { ldapts } from './library.ts';

/** A user with the DN of the entry, for the bind. */
export type LdapUser = { dn: string; user: UserRecord };

type Attributes = LdapConfig['attributes'];

/** Attributes that are bytes and not text. */
export const binaryAttributes = ['objectGUID', 'objectguid', 'objectSid', 'objectsid'];

/** The filter that finds this user; every character with a meaning in filters is escaped. @see RFC 4515 3 */
export const filterFor = (filter: string, user: string): string => filter.replaceAll('{user}', () => ldapts().Filter.escape(user));

/** The attributes to request; a server sends all of them if none is requested. */
export const wantedAttributes = (attributes: Attributes): string[] => [
  ...new Set(Object.values(attributes).flatMap((name) => (name === undefined || isDn(name) ? [] : [name]))),
];

/** Reads the user of an entry. Refuses, with the reason, an entry that cannot be used for a login or has no id. */
export function userOf(
  entry: Entry,
  { attributes, typed, resolver }: { attributes: Attributes; typed: string; resolver: string },
): Result<LdapUser, string> {
  const values = new Map(Object.entries(entry).map(([name, value]) => [name.toLowerCase(), [value].flat()]));
  const all = (name: string | undefined): string[] => (name === undefined ? [] : (values.get(name.toLowerCase()) ?? []).map(textOf));
  const first = (name: string): string => all(name)[0] ?? '';
  const names = all(attributes.username);
  const username = names.find((name) => sameName(name, typed)) ?? names[0];
  const userid = isDn(attributes.userid) ? entry.dn : first(attributes.userid);
  // A bind without a DN is anonymous and succeeds with any password.
  if (entry.dn === '') return refused('the entry has no name');
  if (!username) return refused(`the entry has no ${attributes.username}`);
  if (!userid) return refused(`the entry has no ${attributes.userid}`);
  const { givenname, surname, email, phone, mobile, groups } = attributes;
  const texts = { givenname: first(givenname), surname: first(surname), email: first(email), phone: first(phone), mobile: first(mobile) };
  return ok({ dn: entry.dn, user: { username, userid, ...texts, groups: all(groups), resolver } });
}

const isDn = (name: string): boolean => name.toLowerCase() === 'dn';
const folded = (name: string): string => name.normalize('NFKC').toLowerCase();
const sameName = (a: string, b: string): boolean => folded(a) === folded(b);

/** Bytes as text: 16 of them in Microsoft's GUID form, whose first three groups are stored in reverse byte order. */
function textOf(value: string | Buffer): string {
  if (typeof value === 'string') return value;
  if (value.length !== 16) return value.toString('hex');
  const group = (from: number, to: number): string => value.subarray(from, to).toString('hex');
  const turned = (from: number, to: number): string => Buffer.from(value.subarray(from, to)).reverse().toString('hex');
  return [turned(0, 4), turned(4, 6), turned(6, 8), group(8, 10), group(10, 16)].join('-');
}
