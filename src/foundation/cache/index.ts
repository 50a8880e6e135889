import { LRUCache } from 'lru-cache';

export { openTally, type Tally } from './tally.ts';

/** Opens a cache that keeps the `most` recent values. It grows with what it holds: told a `max`, LRUCache takes the memory for all of them at once. */
export const openCache = <V extends object | number | true>(most: number): LRUCache<string, V> =>
  new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
