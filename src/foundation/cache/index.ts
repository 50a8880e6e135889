import { LRUCache } from 'lru-cache';

export { openTally, type Tally } from './tally.ts';

/**
 * Opens a cache of the `most` recent values. It grows with its content; LRUCache with `max` would allocate for all of
 * them at once.
 */
export const openCache = <V extends object | number | true>(most: number): LRUCache<string, V> =>
  new LRUCache({ maxSize: most, sizeCalculation: () => 1 });
