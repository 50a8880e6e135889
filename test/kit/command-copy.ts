import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** Node options that make a process report another version of Node. */
export const pretending = (version: string) => [
  '--import',
  `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' });`,
];

/** A copy of the command in its own folder, with a program of the test instead of pushgate. */
export type CommandCopy = {
  command: string;
  /** Puts this process's Node where `npm ci` installs the pinned one; returns the path. */
  bringNode(): string;
  /** Runs it to its end as if under this version of Node. */
  run(version: string, ...args: string[]): { status: number | null; signal: NodeJS.Signals | null; out: string; err: string };
};

/** Makes such a copy; `place` is a path below the temporary folder, such as `node_modules/pushgate`. */
export function commandCopy(undo: Cleanup, program: string, place = '.'): CommandCopy {
  const folder = join(temporaryFolder(undo), place);
  mkdirSync(join(folder, 'src'), { recursive: true });
  cpSync('bin', join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'src/main.ts'), program);
  const command = join(folder, 'bin/pushgate.mjs');
  return {
    command,
    bringNode() {
      mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
      symlinkSync(process.execPath, join(folder, 'node_modules/.bin/node'));
      return join(folder, 'node_modules/.bin/node');
    },
    run(version, ...args) {
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...pretending(version), command, ...args], {
        encoding: 'utf8',
      });
      return { status, signal, out: stdout, err: stderr };
    },
  };
}
