import type { Owner } from './push-token.ts';

/** Half-width and full-width letters, signs and the ideographic blank: the code points of Unicode's `<narrow>` and `<wide>` decompositions. */
const unusualWidth = /[\u3000\uff01-\uffee]/g;
/** Half-width Hangul decomposes to letters that NFKC would take apart once more; so does the full-width macron. */
const hangul = { filler: 0xffa0, first: 0xffa1, vowels: 0xffc2, last: 0xffdc } as const;
const ofUsualWidth = { filler: '\u3164', consonants: 0x3131, vowels: 0x314f, macron: '\u00af' } as const;

/**
 * A user name as names are compared: letters of unusual width become usual ones, and composed and decomposed accents are one. Case stays.
 * These are the mappings of the profile UsernameCasePreserved; what that profile prohibits is not refused here. @see RFC 8265 3.4
 */
export const mappedName = (name: string): string => name.replace(unusualWidth, usualWidth).normalize('NFC');

/** The same where case tells nobody apart: the mappings of the profile UsernameCaseMapped. @see RFC 8265 3.3 */
export const foldedName = (name: string): string => mappedName(name).toLowerCase().normalize('NFC');

/** A realm name as realms are compared: they always ignore case. */
export const foldedRealm = (realm: string): string => realm.toLowerCase();

function usualWidth(letter: string): string {
  const code = letter.charCodeAt(0);
  if (letter === '\uffe3') return ofUsualWidth.macron;
  if (code < hangul.filler || code > hangul.last) return letter.normalize('NFKC');
  if (code === hangul.filler) return ofUsualWidth.filler;
  if (code < hangul.vowels) return String.fromCharCode(ofUsualWidth.consonants + code - hangul.first);
  // The vowels stand in groups of six, with a gap of two after each.
  const place = code - hangul.vowels;
  return String.fromCharCode(ofUsualWidth.vowels + Math.floor(place / 8) * 6 + (place % 8));
}

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
