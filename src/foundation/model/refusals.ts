/** Thrown where a text of a request cannot be taken; each format refuses in its own words. The message names the text and holds nothing of it. */
export class RefusedText extends Error {}

/** A text that is longer than anything that is looked at. `what` names it for the caller. */
export class OverlongText extends RefusedText {
  constructor(what: string, longest: number) {
    super(`${what} has more than ${longest} characters.`);
    this.name = 'OverlongText';
  }
}

/**
 * A text whose bytes cannot be read: replaced by U+FFFD, all of them would be one and the same letter. `hint` says what the caller may do instead of
 * sending UTF-8.
 */
export class UndecodableText extends RefusedText {
  constructor(what: string, hint = '') {
    super(`${what} has bytes that are not UTF-8.${hint}`);
    this.name = 'UndecodableText';
  }
}

/**
 * A request that is not looked at now; each format says so in its own words. It says nothing about what was asked for: neither that it is not there nor that
 * it is wrong. `retryAfterMs`: when it may come again.
 */
export class NotNow extends Error {
  readonly retryAfterMs: number;
  constructor(why: string, retryAfterMs: number) {
    super(`${why}; try again in ${secondsOf(retryAfterMs)} seconds.`);
    this.retryAfterMs = retryAfterMs;
  }
  /** The same in whole seconds, as `Retry-After` tells it. */
  get retryAfterSeconds(): number {
    return secondsOf(this.retryAfterMs);
  }
}

/** Thrown where a source has failed so often that its request is not looked at. */
export class TurnedAway extends NotNow {
  constructor(retryAfterMs: number) {
    super('Too many failed tries from this address', retryAfterMs);
    this.name = 'TurnedAway';
  }
}

/** Thrown where a gateway has more to do than it can do in time: nothing of the request was done. */
export class Overloaded extends NotNow {
  constructor(retryAfterMs: number) {
    super('This gateway has too much to do', retryAfterMs);
    this.name = 'Overloaded';
  }
}

/** Thrown where policies do not let an administrator do that to these push tokens, or for this user; each format says so in its own words. */
export class ActForbidden extends Error {
  readonly right: string;
  constructor(right: string) {
    super(`No policy gives this administrator the right ${right} there.`);
    this.name = 'ActForbidden';
    this.right = right;
  }
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

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
