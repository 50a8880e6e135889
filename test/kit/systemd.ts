import { spawnSync } from 'node:child_process';
import { installPackages, mayInstall } from './debian.ts';

/**
 * Whether systemd's unit checker is here. A missing one is installed from Debian's package where possible. In CI its
 * absence is an error, so that tests are never skipped silently.
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

/** The output of `systemd-analyze`, and its exit code. */
export function systemdAnalyze(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--no-pager', ...args], { encoding: 'utf8', timeout: 30_000 });
  return { status, text: stdout + stderr };
}
