import { OverlongText } from '../../foundation/model/index.ts';

/** The longest name of a user, a realm, a push token or a transaction, in characters. */
export const longestName = 256;

/** A name that a request brings. Throws `OverlongText` for one that nothing can have; `what` names it for the caller. */
export function demandName(what: string, name: string): string {
  if (name.length > longestName) throw new OverlongText(what, longestName);
  return name;
}
