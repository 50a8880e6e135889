import type { Owner } from './push-token.ts';

/**
 * Half-width and full-width letters and signs, and the ideographic space: the code points with a `<narrow>` or `<wide>`
 * decomposition in Unicode.
 */
const unusualWidth = /[\u3000\uff01-\uffee]/g;
/** Handled apart from NFKC, which would decompose half-width Hangul and the full-width macron twice. */
const hangul = { filler: 0xffa0, first: 0xffa1, vowels: 0xffc2, last: 0xffdc } as const;
const ofUsualWidth = { filler: '\u3164', consonants: 0x3131, vowels: 0x314f, macron: '\u00af' } as const;

/**
 * A user name in the form used for comparison: letters of unusual width become usual ones, accents are composed, case
 * is kept. These are the mappings of the profile UsernameCasePreserved; names that it prohibits are not refused here.
 * @see RFC 8265 3.4
 */
export const mappedName = (name: string): string => name.replace(unusualWidth, usualWidth).normalize('NFC');

/** The same, case-folded: the mappings of the profile UsernameCaseMapped. @see RFC 8265 3.3 */
export const foldedName = (name: string): string => mappedName(name).toLowerCase().normalize('NFC');

/** A realm name in the form used for comparison: realms ignore case. */
export const foldedRealm = (realm: string): string => realm.toLowerCase();

function usualWidth(letter: string): string {
  const code = letter.charCodeAt(0);
  if (letter === '\uffe3') return ofUsualWidth.macron;
  if (code < hangul.filler || code > hangul.last) return letter.normalize('NFKC');
  if (code === hangul.filler) return ofUsualWidth.filler;
  if (code < hangul.vowels) return String.fromCharCode(ofUsualWidth.consonants + code - hangul.first);
  // The vowels come in groups of six, with a gap of two after each.
  const place = code - hangul.vowels;
  return String.fromCharCode(ofUsualWidth.vowels + Math.floor(place / 8) * 6 + (place % 8));
}

/**
 * A user as a request names it; with the source (`resolver`) that knows the user and the source's id, if there is one.
 */
export type Named = { user: string; realm: string; resolver?: string | undefined; userid?: string | undefined };

/** The case-sensitive key of a user by name. Names of realms and sources contain no line break, so keys are unique. */
export const nameKey = ({ user, realm }: Named): string => `name\n${foldedRealm(realm)}\n${mappedName(user)}`;

/** The case-insensitive key of a user by name. */
export const foldedKey = ({ user, realm }: Named): string => `folded\n${foldedRealm(realm)}\n${foldedName(user)}`;

/** The key of a user of a source; it survives a rename. Undefined for a user without a source. */
export const sourceKey = ({ realm, resolver, userid }: Named): string | undefined =>
  resolver && userid ? `source\n${foldedRealm(realm)}\n${resolver}\n${userid}` : undefined;

/**
 * Every key under which the push tokens of an owner are found. All are stored, so that a realm may change its case rule
 * or its sources without a migration. Stores compare keys byte by byte.
 */
export function ownerKeys(owner: Owner): string[] {
  const bySource = sourceKey(owner);
  return [nameKey(owner), foldedKey(owner), ...(bySource === undefined ? [] : [bySource])];
}
