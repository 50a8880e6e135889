/** Choices that follow from a seed alone. */
export type Random = {
  /** A whole number from 0 up to, and without, `limit`; 0 where the limit is below 1. */
  below(limit: number): number;
  /** True once in so many times. */
  oneIn(times: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]] | readonly T[]): T;
  /** So many bytes. */
  bytes(count: number): Buffer;
};

/** Opens the choices of one seed, whatever text it is. */
export function openRandom(seed: string): Random {
  let state = fnv1a(seed);
  /** Mulberry32: 32 bits that look like chance. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (limit: number): number => (limit < 1 ? 0 : next() % limit);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick<T>(list: readonly T[]): T {
      const [first] = list;
      if (first === undefined) throw new Error('nothing to choose from');
      return list[below(list.length)] ?? first;
    },
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
