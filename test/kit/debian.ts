import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const limitMs = 240_000;

/** Whether this is Debian with root, where packages may be installed. */
export const mayInstall = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** Runs a command of Debian's package tools; only its errors are shown. */
export const runQuietly = (command: string, args: readonly string[], { input = '', cwd = '.' } = {}): void =>
  void spawnSync(command, args, { env, input, cwd, stdio: ['pipe', 'ignore', 'inherit'], timeout: limitMs });

/** Installs packages without recommended ones. */
export function installPackages(...packages: string[]): void {
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}
