const minute = 60_000;
const doublings = 6;
const longestMs = 60 * minute;

/**
 * The wait (ms) before the next try after too many wrong ones: 1 minute, then 2, 4, … up to an hour. `beyond`: the
 * number of tries above the limit.
 */
export const growingWaitMs = (beyond: number): number => Math.min(minute * 2 ** Math.min(beyond, doublings), longestMs);

/** How long a failure counts (ms). */
export const failuresCountMs = 24 * 60 * minute;

/** How long a source with a right secret is trusted at this gateway (ms). */
export const trustMs = 60 * minute;
