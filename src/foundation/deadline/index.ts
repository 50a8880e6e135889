import { AsyncLocalStorage } from 'node:async_hooks';

/** What the calls of one request may take together (ms); while some are under way, since when. */
type Allowance = { leftMs: number; underWay: number; since: number };

const allowances = new AsyncLocalStorage<Allowance>();

/**
 * Gives all that `work` asks of a store `ms` together: its client waits no longer. What goes on behind its end is not bounded.
 */
export async function withStoreTime<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const allowance: Allowance = { leftMs: ms, underWay: 0, since: 0 };
  try {
    return await allowances.run(allowance, work);
  } finally {
    allowance.leftMs = Number.POSITIVE_INFINITY;
  }
}

/** From here on the work that this is called in may take its time: an administrator waits for long lists. */
export function liftStoreTime(): void {
  const allowance = allowances.getStore();
  if (allowance) allowance.leftMs = Number.POSITIVE_INFINITY;
}

/** Takes time (ms) that was spent otherwise from what is left, but for the last `leastMs`. */
export function spendStoreTime(ms: number, leastMs: number): void {
  const allowance = allowances.getStore();
  if (allowance) allowance.leftMs = Math.max(Math.min(leastMs, allowance.leftMs), allowance.leftMs - ms);
}

/** Begins a call of a store: how long it may take (ms), `longestMs` at most, and what is called when it is over. Calls side by side count once. */
export function beginStoreCall(longestMs: number): { limitMs: number; end(): void } {
  const allowance = allowances.getStore();
  if (!allowance) return { limitMs: longestMs, end: () => undefined };
  const now = performance.now();
  if (allowance.underWay === 0) allowance.since = now;
  allowance.underWay += 1;
  const leftMs = allowance.leftMs - (now - allowance.since);
  return {
    limitMs: Math.min(longestMs, Math.max(1, Math.floor(leftMs))),
    end() {
      allowance.underWay -= 1;
      if (allowance.underWay === 0) allowance.leftMs -= performance.now() - allowance.since;
    },
  };
}
