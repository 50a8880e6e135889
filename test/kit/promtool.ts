import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { mayInstall, runQuietly } from './debian.ts';

const cache = resolve('node_modules/.cache/promtool');
/** The program in the PATH or where Prometheus is usually installed, else in the unpacked Debian package. */
const found = (program: string): string | undefined =>
  [program, `${cache}/usr/bin/${program}`].find((path) => spawnSync(path, ['--version']).status === 0);

/** The program that checks Prometheus rules. */
export const findPromtool = (): string | undefined => find('promtool', 'the alert rules are');

/** The Prometheus server. */
export const findPrometheus = (): string | undefined => find('prometheus', 'the queries of alerts and dashboard are');

/**
 * Finds one of Prometheus' programs. A missing one is fetched where possible (Debian, root): Debian's package is
 * unpacked, not installed, because installing starts a server. In CI its absence is an error, so that tests are never
 * skipped silently.
 */
function find(program: string, what: string): string | undefined {
  if (!found(program) && mayInstall()) unpack();
  const path = found(program);
  if (path) return path;
  if (process.env.CI) throw new Error(`${program} is missing; in CI ${what} to be proved (apt-get install prometheus)`);
  process.stderr.write(`\n    SKIPPED: ${what} not proved, as ${program} is missing. Install it: apt-get install prometheus\n`);
  return undefined;
}

function unpack(): void {
  mkdirSync(cache, { recursive: true });
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'prometheus'], { cwd: cache });
  for (const archive of globSync('prometheus_*.deb', { cwd: cache })) runQuietly('dpkg-deb', ['--extract', archive, cache], { cwd: cache });
}
