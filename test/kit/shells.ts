import { spawnSync } from 'node:child_process';
import { installPackages, mayInstall } from './debian.ts';

/**
 * Whether a shell (`bash`, `zsh`, `fish`) is here. Debian's package is installed when it is missing and we may. In CI its
 * absence is an error.
 */
export function haveShell(name: string): boolean {
  if (!isThere(name) && mayInstall()) installPackages(name);
  if (isThere(name)) return true;
  if (process.env.CI) throw new Error(`${name} is missing; in CI its completion is to be proved (apt-get install ${name})`);
  process.stderr.write(`\n    SKIPPED: completion in ${name} is not proved, as ${name} is missing. Install it: apt-get install ${name}\n`);
  return false;
}

const isThere = (name: string): boolean => spawnSync(name, ['-c', 'true']).status === 0;
