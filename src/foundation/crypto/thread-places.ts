import { availableParallelism } from 'node:os';

/** Does work when one of a few places is free; the work that waits has its turn in the order in which it came. */
export type Places = <T>(work: () => Promise<T>) => Promise<T>;

/** Opens so many free places. */
export function openPlaces(count: number): Places {
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
 * Threads for the pool that all work of this process shares, and never fewer than Node's four. Twice the cores: while the thread of JavaScript is busy, and
 * hands out nothing, those that are at work have something to do after the first signature.
 */
export const poolThreads = Math.max(4, 2 * availableParallelism());

/** Places for the signatures of this process: as many as there are threads, so that all others wait here and not before files and names of hosts. */
export const signing = openPlaces(poolThreads);

/** Places for its hashes, each of which takes as long as ten signatures: half of the threads, so that no signature waits until a hash is over. */
export const hashing = openPlaces(poolThreads / 2);
