/** The flavour of a mount's replies: privacyIDEA, or eduMFA, which began as its fork. */
export type PiFlavour = 'privacyidea' | 'edumfa';

/** Texts that eduMFA words differently; handlers use privacyIDEA's. */
const edumfaTexts: readonly (readonly [privacyidea: RegExp, edumfa: string])[] = [
  [/^Missing parameter: (\w+)$/, "Missing parameter: '$1'"],
  [/^You need to specify a serial, user or credential_id\.$/, 'You need to specify a serial or a user.'],
  [/^(Authentication failure\.) Error decoding the Authorization token:/, '$1 Error during decoding your token:'],
  [/^Failed to submit message to push gateway\.$/, 'Failed to submit message to Firebase service.'],
];

/** The text of a refusal in this flavour. @see docs/protocols/privacyidea.md 1.2 */
export function flavouredText(flavour: PiFlavour, message: string): string {
  if (flavour === 'privacyidea') return message;
  const own = edumfaTexts.find(([pattern]) => pattern.test(message));
  return own ? message.replace(...own) : message;
}

/** The `detail` of an error: null or an empty object. @see docs/protocols/privacyidea.md 1.2 */
export function errorDetail(flavour: PiFlavour, kind: string, status: number): object | null {
  const isEmptyObject = flavour === 'privacyidea' ? status === 401 : kind === 'wrong-credentials';
  return isEmptyObject ? {} : null;
}
