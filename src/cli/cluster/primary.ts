import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Log, openClusterMetrics } from '../../foundation/telemetry/index.ts';
import { forkMember, type Member, type Ready } from './member.ts';

/** Several gateways on the same listeners, each in its own process. */
export type Workers = Ready & {
  /** Makes every worker read the configuration again. */
  reload(): void;
  /** Lets every worker finish its open requests, and resolves when all have ended. */
  close(): Promise<void>;
};

const firstPauseMs = 100;
const longestPauseMs = 30_000;
/** After a worker has run this long, its end counts as a new problem, and the pause starts small again. */
const steadyMs = 60_000;

/**
 * Starts the workers and replaces those that end, after growing pauses. The first one starts alone, so that exactly one
 * makes the first account; `lost` receives its password if another worker then fails to start. Throws an error with a
 * message for the user.
 */
export async function startWorkers({
  count,
  log,
  lost,
}: {
  count: number;
  log: Log;
  lost: (firstPassword: string) => void;
}): Promise<Workers> {
  // Snapshots hold numbers that JSON cannot represent.
  cluster.setupPrimary({ serialization: 'advanced' });
  const pool = openPool(log);
  let first: Ready | undefined;
  try {
    first = await pool.add().ready;
    await Promise.all(Array.from({ length: count - 1 }, () => pool.add().ready));
    log.info({ workers: count }, 'all workers listen');
    return { ...first, reload: pool.reload, close: pool.close };
  } catch (error) {
    await pool.close();
    if (first?.firstPassword !== undefined) lost(first.firstPassword);
    throw error;
  }
}

type Pool = Pick<Workers, 'reload' | 'close'> & { add(): Member };

function openPool(log: Log): Pool {
  const ending = new AbortController();
  let pausing = new AbortController();
  const members = new Set<Member>();
  const kept: Promise<void>[] = [];
  const metrics = openClusterMetrics();
  const metricsText = async (): Promise<string> => {
    metrics.workers.set(members.size);
    const snapshots = await Promise.all([...members].map((member) => member.snapshot()));
    return metrics.text(snapshots.filter((snapshot) => snapshot !== undefined));
  };
  const fork = (): Member => {
    const member = forkMember(metricsText);
    members.add(member);
    void member.ended.then(() => members.delete(member));
    return member;
  };
  const replace = async (member: Member, how: string, againInMs: number): Promise<Member | undefined> => {
    if (ending.signal.aborted) return undefined;
    log.error({ worker: member.pid, how, againInMs }, 'a worker ended; another one takes its place');
    metrics.departed(member.lastSnapshot() ?? []);
    const signal = AbortSignal.any([ending.signal, pausing.signal]);
    await sleep(againInMs, undefined, { signal }).catch(() => undefined);
    if (ending.signal.aborted) return undefined;
    metrics.restarts.inc();
    return fork();
  };
  const keep = async (first: Member): Promise<void> => {
    let pause = firstPauseMs;
    for (let member: Member | undefined = first; member; ) {
      const since = performance.now();
      const how: string = await member.ended;
      if (performance.now() - since > steadyMs) pause = firstPauseMs;
      member = await replace(member, how, pause);
      pause = Math.min(2 * pause, longestPauseMs);
    }
  };
  return {
    add() {
      const member = fork();
      kept.push(keep(member));
      return member;
    },
    reload() {
      // A reload may have fixed the problem that kept a worker from starting.
      pausing.abort();
      pausing = new AbortController();
      for (const member of members) member.tell({ kind: 'reload' });
    },
    async close() {
      ending.abort();
      for (const member of members) member.tell({ kind: 'stop' });
      await Promise.all(kept);
    },
  };
}
