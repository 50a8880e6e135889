/**
 * Thrown where a text of a request is longer than anything that is looked at; each format refuses in its own words. `what` names the text for the caller
 * and holds nothing of it.
 */
export class OverlongText extends Error {
  constructor(what: string, longest: number) {
    super(`${what} has more than ${longest} characters.`);
    this.name = 'OverlongText';
  }
}
