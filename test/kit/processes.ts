import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** The process ids of the children of a process (Linux). */
export const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => fieldsOf(`/proc/${each}/stat`)[1] === String(pid));

/** The nice value of the thread of a process that has worked most. */
export function priorityOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => fieldsOf(`/proc/${pid}/task/${thread}/stat`));
  const [busiest = []] = threads.sort((one, other) => Number(other[11]) - Number(one[11]));
  return Number(busiest[16]);
}

/** What the system tells of a process or a thread, from its state on; nothing where it is gone. */
function fieldsOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}

/** Whether a process is there, and no zombie. */
export const isAlive = (pid: number): boolean => !['Z', 'X', undefined].includes(fieldsOf(`/proc/${pid}/stat`)[0]);

/** The process id of a child that is none of `others`, as soon as there is one. Never 0, which would mean every process of this group to a signal. */
export async function childOf(pid: number, others: readonly number[] = []): Promise<number> {
  let found: number | undefined;
  await comesTrue(() => {
    found = childrenOf(pid).find((each) => !others.includes(each));
    return found !== undefined;
  });
  return found ?? assert.fail('no child');
}

/** Resolves when something of another process, which tells nobody, has come true. */
export async function comesTrue(what: () => boolean): Promise<void> {
  while (!what()) await pause(10);
}
