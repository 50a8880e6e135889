import { statSync } from 'node:fs';

/** Watches one file from the moment it was opened. `onChange` returns how to stop. */
export type FileWatch = { onChange(callback: () => void): () => void };

const lookEveryMs = 1000;

/** Looks at the file itself, so that a link that is turned to another file counts as a change too. */
export function openFileWatch(file: string): FileWatch {
  const stamp = (): string | undefined => {
    const found = statSync(file, { throwIfNoEntry: false });
    return found && `${found.ino} ${found.mtimeMs} ${found.size}`;
  };
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
