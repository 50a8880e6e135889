import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { mayInstall, runQuietly } from './debian.ts';

const cache = resolve('node_modules/.cache/promtool');
/** Wherever a Prometheus of this machine has it, else where we unpack Debian's. */
const found = (program: string): string | undefined =>
  [program, `${cache}/usr/bin/${program}`].find((path) => spawnSync(path, ['--version']).status === 0);

/** The program that checks rules of Prometheus. */
export const findPromtool = (): string | undefined => find('promtool', 'the alert rules are');

/** The server itself. */
export const findPrometheus = (): string | undefined => find('prometheus', 'the queries of alerts and dashboard are');

/**
 * One of Prometheus' programs. Where it is missing and we may fetch it (Debian, root), Debian's package is unpacked and not installed: that
 * would start a server. In CI its absence is an error, so that nothing can go unproved unseen.
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
