import { spawnSync } from 'node:child_process';
import { haveProgram } from './debian.ts';

/** Whether systemd's checker of units is here. @see haveProgram */
export const haveSystemdAnalyze = (): boolean =>
  haveProgram({ name: 'systemd-analyze', packages: ['systemd'], unproved: 'the systemd unit', isThere });

const isThere = (): boolean => spawnSync('systemd-analyze', ['--version']).status === 0;

/** The output of `systemd-analyze`, and its exit code. */
export function systemdAnalyze(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['--no-pager', ...args], { encoding: 'utf8', timeout: 30_000 });
  return { status, text: stdout + stderr };
}
