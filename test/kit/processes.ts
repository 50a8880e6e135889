import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** The process ids of a process's children (Linux). */
export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => fieldsOf(`/proc/${each}/stat`)[1] === String(pid));

/** The nice value of the process's busiest thread. */
export function priorityOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => fieldsOf(`/proc/${pid}/task/${thread}/stat`));
  const [busiest = []] = threads.sort((one, other) => Number(other[11]) - Number(one[11]));
  return Number(busiest[16]);
}

/** The system's status fields of a process or thread, from its state on; empty if it has ended. */
function fieldsOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    // It has ended in the meantime.
    return [];
  }
}

/** Whether a process exists and is not a zombie. */
export const isAlive = (pid: number): boolean => !['Z', 'X', undefined].includes(fieldsOf(`/proc/${pid}/stat`)[0]);

/**
 * The process id of a new child that is not in `others`, as soon as there is one. Never 0, which a signal would send to
 * the whole group.
 */
export async function childOf(pid: number, others: readonly number[] = []): Promise<number> {
  let found: number | undefined;
  await comesTrue(() => {
    found = childrenOf(pid).find((each) => !others.includes(each));
    return found !== undefined;
  });
  return found ?? assert.fail('no child');
}

/** Polls until a condition of another process holds. */
export async function comesTrue(what: () => boolean): Promise<void> {
  while (!what()) await pause(10);
}
