/**
 * The records of one kind that were read last, as they stand in the file: who reads one again gets the same, which nobody can change. Every write of a record
 * forgets it, also one that is undone later; only reads between groups of writes keep one.
 */
export type Recent<V extends object> = {
  /** The record of this key; `read` is asked for one that is not known. */
  find(key: string, read: (key: string) => V | undefined): V | undefined;
  /** Before the record is written. */
  forget(key: string): void;
};

/** Knows at least `most` records, and less than twice as many. */
export function openRecent<V extends object>(most: number): Recent<V> {
  let young = new Map<string, V>();
  let old: typeof young = new Map();
  return {
    find(key, read) {
      const known = young.get(key);
      if (known) return known;
      const found = old.get(key) ?? frozen(read(key));
      if (!found) return undefined;
      young.set(key, found);
      if (young.size >= most) [old, young] = [young, new Map()];
      return found;
    },
    forget(key) {
      young.delete(key);
      old.delete(key);
    },
  };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}
