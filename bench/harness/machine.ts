import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds so far: of a program with all its processes, of this process, and of the whole machine. */
export type Used = { program: number; client: number; machine: number };

/** Reads the CPU times; `pid` is the first process of the measured program. */
export function cpuUsed(pid: number): Used {
  const { user, system } = process.cpuUsage();
  return { program: familyOf(pid).reduce((sum, each) => sum + cpuOf(each), 0), client: (user + system) / 1e6, machine: machineCpu() };
}

/** CPU seconds of the ended child processes of this process. */
export function cpuOfEnded(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** Proportional set size (MiB) of a program with all its processes. */
export function pssOf(pid: number): number {
  const of = (each: number): number => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  return familyOf(pid).reduce((sum, each) => sum + of(each), 0) / 1024;
}

/** A description of the machine for the head of a report. */
export function machineName(): string {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown CPU';
  return `${cpu}, ${cores} cores, Node ${process.versions.node}`;
}

/** The number of cores. */
export const cores = readFileSync('/proc/stat', 'utf8').match(/^cpu\d+/gm)?.length ?? 1;

function familyOf(pid: number): number[] {
  const children = globSync(`/proc/${pid}/task/*/children`).flatMap((file) => readFileSync(file, 'utf8').split(' ').filter(Boolean));
  return [pid, ...children.flatMap((child) => familyOf(Number(child)))];
}

function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    // The process has ended since it was listed.
    return 0;
  }
}

/** CPU time of the whole machine without idle time. */
function machineCpu(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu\s+(.+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}
