/** Whose words a mount's replies have: those of privacyIDEA, or of eduMFA, which began as a copy of it. */
export type PiFlavour = 'privacyidea' | 'edumfa';

/** Refusals that eduMFA words in another way; handlers write privacyIDEA's words. */
const eduWords: readonly (readonly [privacyidea: RegExp, edumfa: string])[] = [
  [/^Missing parameter: (\w+)$/, "Missing parameter: '$1'"],
  [/^You need to specify a serial, user or credential_id\.$/, 'You need to specify a serial or a user.'],
  [/^(Authentication failure\.) Error decoding the Authorization token:/, '$1 Error during decoding your token:'],
  [/^Failed to submit message to push gateway\.$/, 'Failed to submit message to Firebase service.'],
];

/** The text of a refusal as this flavour has it. @see docs/protocols/privacyidea.md 1.2 */
export function inWordsOf(flavour: PiFlavour, message: string): string {
  if (flavour === 'privacyidea') return message;
  const own = eduWords.find(([pattern]) => pattern.test(message));
  return own ? message.replace(...own) : message;
}

/** What `detail` holds in an error: nothing, or an object in which nothing is. @see docs/protocols/privacyidea.md 1.2 */
export function errorDetail(flavour: PiFlavour, kind: string, status: number): object | null {
  const isEmptyObject = flavour === 'privacyidea' ? status === 401 : kind === 'wrong-credentials';
  return isEmptyObject ? {} : null;
}
