import { availableParallelism } from 'node:os';

/** A semaphore: runs work when a permit is free. Waiting work runs in the order of arrival. */
export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>;

/** Opens a semaphore with `count` permits. */
export function openSemaphore(count: number): Semaphore {
  const waiting: (() => void)[] = [];
  let free = count;
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      leave();
    }
  };
}

/**
 * Threads of the pool that this process shares: twice the cores, at least Node's four. While the JavaScript thread is
 * busy and hands out nothing, pool threads still have a second signature to work on.
 */
export const poolThreads = Math.max(4, 2 * availableParallelism());

/**
 * Permits for signatures: one per thread. Further signatures wait here, not in the pool's queue in front of files and
 * DNS lookups.
 */
export const signing = openSemaphore(poolThreads);

/** Permits for hashes: half of the threads, since a hash takes as long as ten signatures and must not hold those up. */
export const hashing = openSemaphore(poolThreads / 2);
