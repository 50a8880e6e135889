import { openCache } from '../../foundation/cache/index.ts';

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

/** Knows `most` records. */
export function openRecent<V extends object>(most: number): Recent<V> {
  const known = openCache<V>(most);
  return {
    find(key, read) {
      const found = known.get(key);
      if (found) return found;
      const fresh = frozen(read(key));
      if (fresh) known.set(key, fresh);
      return fresh;
    },
    forget: (key) => void known.delete(key),
  };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}
