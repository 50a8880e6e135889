import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
const limitMs = 240_000;

/** Whether this is Debian with root, where packages may be installed. */
export const mayInstall = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

/** A program that tests start: its name, Debian's packages of it, what stays unproved without it, and how it is found and installed. */
type TestProgram = {
  name: string;
  packages: readonly string[];
  unproved: string;
  isThere(): boolean;
  install?(): void;
};

/**
 * Whether a program is here. A missing one is installed where possible (Debian, root). In CI its absence is an error, so
 * that its tests are never skipped silently.
 */
export function haveProgram({ name, packages, unproved, isThere, install = () => installPackages(...packages) }: TestProgram): boolean {
  if (!isThere() && mayInstall()) install();
  if (isThere()) return true;
  const remedy = `apt-get install ${packages.join(' ')}`;
  if (process.env.CI) throw new Error(`${name} is missing; CI must prove ${unproved} (${remedy})`);
  process.stderr.write(`\n    SKIPPED, not proved: ${unproved}, as ${name} is missing. Install it: ${remedy}\n`);
  return false;
}

/** Runs a command of Debian's package tools; only its errors are shown. */
export const runQuietly = (command: string, args: readonly string[], { input = '', cwd = '.' } = {}): void =>
  void spawnSync(command, args, { env, input, cwd, stdio: ['pipe', 'ignore', 'inherit'], timeout: limitMs });

/** Installs packages without recommended ones. */
export function installPackages(...packages: string[]): void {
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}
