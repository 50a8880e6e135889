/**
 * Thrown where a source has failed so often that its request is not looked at; each format says so in its own words. It says nothing about what was asked
 * for: neither that it is not there nor that it is wrong. `retryAfterMs`: when it may ask again.
 */
export class TurnedAway extends Error {
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super(`Too many failed tries from this address; try again in ${secondsOf(retryAfterMs)} seconds.`);
    this.name = 'TurnedAway';
    this.retryAfterMs = retryAfterMs;
  }
  /** The same in whole seconds, as `Retry-After` tells it. */
  get retryAfterSeconds(): number {
    return secondsOf(this.retryAfterMs);
  }
}

const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
