import { OverlongText } from './refused-text.ts';

/** The longest name of a user, a realm, a push token or a transaction, in characters. */
export const longestName = 256;

/**
 * A name that a request brings, without the blanks around it: nobody means them. Throws `OverlongText` for one that nothing can have; `what` names it for
 * the caller. Secrets are not names: a blank is part of them.
 */
export function demandName(what: string, name: string): string {
  const trimmed = name.trim();
  if (trimmed.length > longestName) throw new OverlongText(what, longestName);
  return trimmed;
}
