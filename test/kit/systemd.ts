import { spawnSync } from 'node:child_process';
import { installPackages, mayInstall } from './debian.ts';

/**
 * Whether systemd's checker of units is here. Where it is missing and we may, Debian's package is installed. In CI its absence is an error, so that
 * nothing can go unproved unseen.
 */
export function haveSystemdAnalyze(): boolean {
  if (!isThere() && mayInstall()) installPackages('systemd');
  if (isThere()) return true;
  if (process.env.CI) throw new Error('systemd-analyze is missing; in CI the systemd unit is to be proved (apt-get install systemd)');
  process.stderr.write(
    '\n    SKIPPED: the systemd unit is not proved, as systemd-analyze is missing. Install it: apt-get install systemd\n',
  );
  return false;
}

const isThere = (): boolean => spawnSync('systemd-analyze', ['--version']).status === 0;

/** What `systemd-analyze` says of something, and how it ended. */
export function systemdAnalyze(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--no-pager', ...args], { encoding: 'utf8', timeout: 30_000 });
  return { status, text: stdout + stderr };
}
