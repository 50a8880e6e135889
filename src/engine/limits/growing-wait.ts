const minute = 60_000;
const doublings = 6;
const longestMs = 60 * minute;

/** How long (ms) it takes until the next try after too many wrong ones: a minute, then 2, 4, … up to an hour. `beyond`: how many there were above the limit. */
export const growingWaitMs = (beyond: number): number => Math.min(minute * 2 ** Math.min(beyond, doublings), longestMs);

/** How long wrong ones count (ms). */
export const failuresCountMs = 24 * 60 * minute;

/** How long a source that was right is trusted at this gateway (ms). */
export const trustMs = 60 * minute;
