import { AsyncLocalStorage } from 'node:async_hooks';

/** The time (ms) that the store calls of one request have left together. `since`: start of the calls under way. */
type Allowance = { leftMs: number; underWay: number; since: number };

const allowances = new AsyncLocalStorage<Allowance>();

/**
 * Gives all store calls of `work` `ms` together, as long as its client waits. Work that goes on after the end is not
 * limited.
 */
export async function withStoreTime<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const allowance: Allowance = { leftMs: ms, underWay: 0, since: 0 };
  try {
    return await allowances.run(allowance, work);
  } finally {
    allowance.leftMs = Number.POSITIVE_INFINITY;
  }
}

/** Lifts the limit for the current work: an administrator waits for long lists. */
export function liftStoreTime(): void {
  const allowance = allowances.getStore();
  if (allowance) allowance.leftMs = Number.POSITIVE_INFINITY;
}

/** Subtracts time (ms) spent elsewhere from the remaining time, but leaves at least `leastMs`. */
export function spendStoreTime(ms: number, leastMs: number): void {
  const allowance = allowances.getStore();
  if (allowance) allowance.leftMs = Math.max(Math.min(leastMs, allowance.leftMs), allowance.leftMs - ms);
}

/**
 * Begins a store call: returns how long it may take (ms), at most `longestMs`, and a function to call at its end.
 * Parallel calls count once.
 */
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
