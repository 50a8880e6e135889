/** Counts per key, such as open connections or running work. A key with a count of 0 takes no memory. */
export type Tally = {
  of(key: string): number;
  /** Adds one until the returned function is called, once. */
  begin(key: string): () => void;
  /** Adds one while the work runs. */
  during<T>(key: string, work: () => Promise<T>): Promise<T>;
};

/** Opens an empty tally. */
export function openTally(): Tally {
  const counts = new Map<string, number>();
  const of = (key: string): number => counts.get(key) ?? 0;
  const begin = (key: string): (() => void) => {
    counts.set(key, of(key) + 1);
    return () => {
      if (of(key) > 1) counts.set(key, of(key) - 1);
      else counts.delete(key);
    };
  };
  return {
    of,
    begin,
    async during(key, work) {
      const end = begin(key);
      try {
        return await work();
      } finally {
        end();
      }
    },
  };
}
