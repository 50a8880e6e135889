/** A mutex per key: works with the same key run one after the other. */
export type KeyMutex = {
  <T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Whether a work with this key is running or waiting. */
  isBusy(key: string): boolean;
};

/** Opens a mutex without any locked key. */
export function openKeyMutex(): KeyMutex {
  const last = new Map<string, Promise<unknown>>();
  const run = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const current = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, current);
    const release = (): void => {
      if (last.get(key) === current) last.delete(key);
    };
    current.then(release, release);
    return current;
  };
  return Object.assign(run, { isBusy: (key: string) => last.has(key) });
}
