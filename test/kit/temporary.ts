import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The clean-up list of a test. */
export type Cleanup = { later(undo: () => unknown): void; run(): Promise<void> };

/** Makes a clean-up list; run it in `afterEach`. It undoes the last step first. */
export function cleanup(): Cleanup {
  const undos: (() => unknown)[] = [];
  return {
    later: (undo) => void undos.push(undo),
    run: async () => {
      for (let undo = undos.pop(); undo; undo = undos.pop()) await undo();
    },
  };
}

/** Makes an empty folder that `undo` deletes. */
export function temporaryFolder(undo: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-test-'));
  undo.later(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
