import { statSync } from 'node:fs';

/** Watches files from the moment it was opened. `onChange` returns how to stop. */
export type FileWatch = { onChange(callback: () => void): () => void };

const lookEveryMs = 1000;

/** What tells one state of a file from another. The file itself counts, so that a link that is turned to another file counts as a change too; undefined where it is gone. */
export function fileStamp(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
}

/**
 * Watches the files that `files` names at the moment, each from when it is first named. A file that is gone is none that has changed: an editor may be
 * writing it anew. One that comes back is.
 */
export function openFileWatch(files: () => readonly string[]): FileWatch {
  const seen = new Map<string, string | undefined>();
  const hasChanged = (file: string): boolean => {
    const [before, now] = [seen.get(file), fileStamp(file)];
    const isKnown = seen.has(file);
    if (now !== undefined || !isKnown) seen.set(file, now);
    return isKnown && now !== undefined && now !== before;
  };
  /** Looks at all of them, so that several that change together are one change. */
  const look = (): boolean => [...new Set(files())].filter(hasChanged).length > 0;
  look();
  return {
    onChange(callback) {
      const timer = setInterval(() => look() && callback(), lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}
