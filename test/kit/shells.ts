import { spawnSync } from 'node:child_process';
import { haveProgram } from './debian.ts';

/** Whether a shell (`bash`, `zsh`, `fish`) is here. @see haveProgram */
export const haveShell = (name: string): boolean =>
  haveProgram({ name, packages: [name], unproved: `completion in ${name}`, isThere: () => isThere(name) });

const isThere = (name: string): boolean => spawnSync(name, ['-c', 'true']).status === 0;
