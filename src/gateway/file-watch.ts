import { statSync } from 'node:fs';

/** Watches files from the moment it was opened. `onChange` returns a function that stops it. */
export type FileWatch = { onChange(callback: () => void): () => void };

const lookEveryMs = 1000;

/**
 * Identifies the state of a file; undefined if it does not exist. A link that points to another file counts as a
 * change, because the target is examined.
 */
export function fileStamp(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
}

/**
 * Watches the files that `files` currently names, each from when it is first named. A missing file is not a change,
 * because an editor may be rewriting it; its return is one.
 */
export function openFileWatch(files: () => readonly string[]): FileWatch {
  const seen = new Map<string, string | undefined>();
  const hasChanged = (file: string): boolean => {
    const [before, now] = [seen.get(file), fileStamp(file)];
    const isKnown = seen.has(file);
    if (now !== undefined || !isKnown) seen.set(file, now);
    return isKnown && now !== undefined && now !== before;
  };
  /** Looks at all files, so that several that change together count as one change. */
  const look = (): boolean => [...new Set(files())].filter(hasChanged).length > 0;
  look();
  return {
    onChange(callback) {
      const timer = setInterval(() => look() && callback(), lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}
