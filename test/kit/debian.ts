import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const limitMs = 240_000;

/** Whether this is a Debian on which we may install something: as root. */
export const mayInstall = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** Runs a command of Debian's package tools; what it complains about is shown. */
export const runQuietly = (command: string, args: readonly string[], { input = '', cwd = '.' } = {}): void =>
  void spawnSync(command, args, { env, input, cwd, stdio: ['pipe', 'ignore', 'inherit'], timeout: limitMs });

/** Installs packages, without what they merely recommend. */
export function installPackages(...packages: string[]): void {
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}
