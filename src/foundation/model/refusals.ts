/**
 * Thrown for a text in a request that cannot be accepted; each format has its own reply. The message names the field
 * and never quotes the text.
 */
export class RefusedText extends Error {}

/** A text over the length limit. `what` names it for the caller. */
export class OverlongText extends RefusedText {
  constructor(what: string, longest: number) {
    super(`${what} has more than ${longest} characters.`);
    this.name = 'OverlongText';
  }
}

/**
 * A text with invalid UTF-8. Replacing bytes by U+FFFD would make different texts equal. `hint` tells the caller
 * another way to send it.
 */
export class UndecodableText extends RefusedText {
  constructor(what: string, hint = '') {
    super(`${what} has bytes that are not UTF-8.${hint}`);
    this.name = 'UndecodableText';
  }
}

/**
 * A request that is not processed now; each format has its own reply. It reveals nothing about the requested object.
 * `retryAfterMs`: when the caller may try again.
 */
export class NotNow extends Error {
  readonly retryAfterMs: number;
  constructor(why: string, retryAfterMs: number) {
    super(`${why}; try again in ${secondsOf(retryAfterMs)} seconds.`);
    this.retryAfterMs = retryAfterMs;
  }
  /** The same in whole seconds, for `Retry-After`. */
  get retryAfterSeconds(): number {
    return secondsOf(this.retryAfterMs);
  }
}

/** Thrown when a source has failed too often to be heard. */
export class TurnedAway extends NotNow {
  constructor(retryAfterMs: number) {
    super('Too many failed tries from this address', retryAfterMs);
    this.name = 'TurnedAway';
  }
}

/** Thrown when a gateway has too much to do: nothing of the request was done. */
export class Overloaded extends NotNow {
  constructor(retryAfterMs: number) {
    super('This gateway has too much to do', retryAfterMs);
    this.name = 'Overloaded';
  }
}

/**
 * Thrown when no policy allows the administrator this act on these push tokens or this user; each format has its own
 * reply.
 */
export class ActForbidden extends Error {
  readonly right: string;
  constructor(right: string) {
    super(`No policy gives this administrator the right ${right} there.`);
    this.name = 'ActForbidden';
    this.right = right;
  }
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** The longest name of a user, realm, push token or transaction, in characters. */
export const longestName = 256;

/**
 * A name from a request, with surrounding whitespace trimmed. Throws `OverlongText` for one over the limit; `what`
 * names it for the caller. Not for secrets, where whitespace counts.
 */
export function demandName(what: string, name: string): string {
  const trimmed = name.trim();
  if (trimmed.length > longestName) throw new OverlongText(what, longestName);
  return trimmed;
}
