import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** CPU seconds so far: of a program with all its processes, of this process, and of the whole machine. */
export type Used = { program: number; client: number; machine: number };

/** Reads the clocks of CPU time; `pid` is the first process of the program that is measured. */
export function cpuUsed(pid: number): Used {
  const { user, system } = process.cpuUsage();
  return { program: familyOf(pid).reduce((sum, each) => sum + cpuOf(each), 0), client: (user + system) / 1e6, machine: machineCpu() };
}

/** CPU seconds so far of the processes that this one started and that have ended. */
export function cpuOfEnded(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
}

/** Memory of a program with all its processes (MiB): what it alone has, and its part of what it shares. */
export function pssOf(pid: number): number {
  const of = (each: number): number => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${each}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  return familyOf(pid).reduce((sum, each) => sum + of(each), 0) / 1024;
}

/** What the machine is, for the head of a report. */
export function machineName(): string {
  const cpu = /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown CPU';
  return `${cpu}, ${cores} cores, Node ${process.versions.node}`;
}

/** How many cores there are. */
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
    // It has ended since it was listed.
    return 0;
  }
}

/** All CPU time of the machine but that in which it had nothing to do. */
function machineCpu(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu\s+(.+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq) / ticksPerSecond;
}
