import { openCache } from '../../foundation/cache/index.ts';

/**
 * A cache of recently read records of one kind. Cached records are frozen and match the file: every write of a record
 * removes it, even one that is undone later, and only reads between write groups add one.
 */
export type RecordCache<V extends object> = {
  /** Returns the record of this key, from the cache or by `read`. */
  find(key: string, read: (key: string) => V | undefined): V | undefined;
  /** Removes a record; call it before the record is written. */
  forget(key: string): void;
};

/** Opens a cache of `most` records. */
export function openRecordCache<V extends object>(most: number): RecordCache<V> {
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
