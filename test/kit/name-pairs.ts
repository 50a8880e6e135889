/** Two names, and whether they mean one user: in a case-sensitive realm, and in one that ignores case. */
export type NamePair = { what: string; one: string; other: string; isOne: boolean; isOneIgnoringCase: boolean };

const pair = (what: string, one: string, other: string, isOne: boolean, isOneIgnoringCase: boolean): NamePair => ({
  what,
  one,
  other,
  isOne,
  isOneIgnoringCase,
});

/**
 * The cases that every store and the engine must agree on: the mappings of the profiles UsernameCasePreserved and
 * UsernameCaseMapped.
 * @see RFC 8265 3.3, 3.4
 */
export const namePairs: readonly NamePair[] = [
  pair('the same name', 'bob', 'bob', true, true),
  pair('another name', 'bob', 'rob', false, false),
  pair('a name and its beginning', 'bob', 'bobby', false, false),
  pair('a capital letter', 'Bob', 'bob', false, true),
  pair('capital letters outside ASCII', '\u00c4RGER', '\u00e4rger', false, true),
  pair('Cyrillic capitals', '\u0411\u041e\u0411', '\u0431\u043e\u0431', false, true),
  pair('capitals of a script beyond 16 bits', '\u{10400}', '\u{10428}', false, true),
  pair('the Kelvin sign and K', '\u212aarl', 'Karl', true, true),
  pair('the Kelvin sign and k', '\u212aarl', 'karl', false, true),
  pair('the Angstrom sign and a letter with a ring', '\u212bsa', '\u00c5sa', true, true),
  pair('full-width letters', '\uff42\uff4f\uff42', 'bob', true, true),
  pair('full-width capitals', '\uff22\uff4f\uff42', 'bob', false, true),
  pair('half-width Katakana with a voice mark', '\uff76\uff9e', '\u30ac', true, true),
  pair('half-width Hangul', '\uffa1\uffc7\uffdc', '\u3131\u3154\u3163', true, true),
  pair('half-width and whole syllables of Hangul', '\uffa1\uffc2', '\uac00', false, false),
  pair('composed and decomposed accents', 'Ren\u00e9', 'Rene\u0301', true, true),
  pair('composed and decomposed accents in another case', 'REN\u00c9', 'rene\u0301', false, true),
  pair('an accent and none', 'Ren\u00e9', 'Rene', false, false),
  pair('a ligature', '\ufb01nn', 'finn', false, false),
  pair('sharp s and ss', 'stra\u00dfe', 'strasse', false, false),
  pair('sharp s and SS', 'stra\u00dfe', 'STRASSE', false, false),
  pair('capital and small sharp s', 'STRA\u1e9eE', 'stra\u00dfe', false, true),
  pair('the Turkish dotted capital I and i', '\u0130lker', 'ilker', false, false),
  pair('the Turkish dotless i and I', '\u0131l', 'Il', false, false),
  pair('I and i', 'Ilker', 'ilker', false, true),
  pair('the Greek capital at the end of a word and its final form', '\u039f\u0394\u039f\u03a3', '\u03bf\u03b4\u03bf\u03c2', false, true),
  pair('the two small forms of a Greek letter', '\u03bf\u03b4\u03bf\u03c3', '\u03bf\u03b4\u03bf\u03c2', false, false),
  pair('a dot and an underscore', 'b.b', 'b_b', false, false),
  pair('characters that patterns know', 'b%b', 'bob', false, false),
  pair('a star', 'b*', 'bob', false, false),
];
