import { statSync } from 'node:fs';

/** Watches one file from the moment it was opened. `onChange` returns how to stop. */
export type FileWatch = { onChange(callback: () => void): () => void };

const lookEveryMs = 1000;

/** The file itself, so that a link that is turned to another file counts as a change too; undefined where it is gone. */
function stampOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
}

/** Watches one file from now on. */
export function openFileWatch(file: string): FileWatch {
  const stamp = (): string | undefined => stampOf(file);
  let seen = stamp();
  return {
    onChange(callback) {
      const look = (): void => {
        const now = stamp();
        // While an editor writes it anew the file may be gone for a moment.
        if (now === undefined || now === seen) return;
        seen = now;
        callback();
      };
      const timer = setInterval(look, lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}

/**
 * Watches the files that `files` names at the moment, each from when it is first named. `callback` hears which have changed. A file that is gone is none
 * that has changed; one that comes back is.
 * @returns how to stop
 */
export function watchFiles(files: () => readonly string[], callback: (changed: string[]) => void): () => void {
  const seen = new Map<string, string | undefined>();
  const look = (): void => {
    const changed: string[] = [];
    for (const file of new Set(files())) {
      const now = stampOf(file);
      if (seen.has(file) && now !== undefined && now !== seen.get(file)) changed.push(file);
      if (now !== undefined || !seen.has(file)) seen.set(file, now);
    }
    if (changed.length > 0) callback(changed);
  };
  look();
  const timer = setInterval(look, lookEveryMs).unref();
  return () => clearInterval(timer);
}
