/** Chance that is the same for the same seed. */
export type Random = {
  /** A whole number from 0 up to and without `end`. */
  below(end: number): number;
  pick<T>(items: readonly T[]): T;
  /** So many of them at most, each once. */
  some<T>(items: readonly T[], most: number): T[];
};

/** Opens it (mulberry32: good enough to throw dice). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const pick = <T>(items: readonly T[]): T => {
    const [first] = items;
    const item = items[below(items.length)] ?? first;
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  return {
    below,
    pick,
    some(items, most) {
      const rest = [...items];
      return Array.from({ length: Math.min(most, rest.length) }, () => rest.splice(below(rest.length), 1)).flat();
    },
  };
}
