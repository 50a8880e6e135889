import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone when the test that asked for it ends: call it inside `it` or `beforeEach` with the suite's clean-up list. */
export type Cleanup = { later(undo: () => unknown): void; run(): Promise<void> };

/** Collects what a test has to undo; run it in `afterEach`. The last thing made is undone first. */
export function cleanup(): Cleanup {
  const undos: (() => unknown)[] = [];
  return {
    later: (undo) => void undos.push(undo),
    run: async () => {
      for (let undo = undos.pop(); undo; undo = undos.pop()) await undo();
    },
  };
}

/** Makes an empty folder that `undo` takes away again. */
export function temporaryFolder(undo: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-test-'));
  undo.later(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
