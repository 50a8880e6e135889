import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** Options that make a process believe that it is another version of Node. */
export const pretending = (version: string) => [
  '--import',
  `data:text/javascript,Object.defineProperty(process.versions, 'node', { value: '${version}' });`,
];

/** A copy of the command in a folder of its own, with a program of the test's in place of ours. */
export type CommandCopy = {
  command: string;
  /** Puts the Node of this process where `npm ci` puts the one that comes along; says where. */
  bringNode(): string;
  /** Runs it to its end, as if by this version of Node. */
  run(version: string, ...args: string[]): { status: number | null; signal: NodeJS.Signals | null; out: string; err: string };
};

/** Makes such a copy; `place` is the folder below the temporary one, such as `node_modules/pushgate`. */
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
