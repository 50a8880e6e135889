import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { mayInstall, runQuietly } from './debian.ts';

const cache = resolve('node_modules/.cache/promtool');
/** Wherever a Prometheus of this machine has it, else where we unpack Debian's. */
const places = ['promtool', `${cache}/usr/bin/promtool`];
const found = (): string | undefined => places.find((program) => spawnSync(program, ['--version']).status === 0);

/**
 * The program that checks rules of Prometheus. Where it is missing and we may fetch it (Debian, root), Debian's package is unpacked and not
 * installed: that would start a server. In CI its absence is an error, so that the alerts cannot go unproved unseen.
 */
export function findPromtool(): string | undefined {
  if (!found() && mayInstall()) unpack();
  const program = found();
  if (program) return program;
  if (process.env.CI) throw new Error('promtool is missing; in CI the alert rules must be proved (apt-get install prometheus)');
  process.stderr.write('\n    SKIPPED: the alert rules are not proved, as promtool is missing. Install it: apt-get install prometheus\n');
  return undefined;
}

function unpack(): void {
  mkdirSync(cache, { recursive: true });
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'prometheus'], { cwd: cache });
  for (const archive of globSync('prometheus_*.deb', { cwd: cache })) runQuietly('dpkg-deb', ['--extract', archive, cache], { cwd: cache });
}
