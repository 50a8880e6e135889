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
