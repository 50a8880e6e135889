import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Log } from '../foundation/telemetry/index.ts';

/** Memory of a process: the size of V8's heap, and the share of time that JavaScript ran since the last call. */
export type ProcessMemory = { heapBytes(): number; busyShare(): number; collect(): void };

const everyMs = 10_000;
const idleShare = 0.05;
const worthwhileBytes = 32 * 1024 ** 2;

/**
 * Returns the memory of a burst of logins to the system when the gateway is idle. V8 collects garbage only when it
 * allocates, so a waiting gateway would keep it. A collection blocks for a few ms per MiB in use.
 * @see docs/decisions/waiting-requests-leave.md
 */
export function startIdleCollection(log: Log): void {
  const look = idleCollection(thisProcess(), log);
  setInterval(look, everyMs).unref();
}

/** The check that runs every ten seconds. */
export function idleCollection({ heapBytes, busyShare, collect }: ProcessMemory, log: Pick<Log, 'debug'>): () => void {
  let usual = heapBytes();
  return () => {
    const before = heapBytes();
    usual = Math.min(usual, before);
    if (busyShare() > idleShare || before - usual < worthwhileBytes) return;
    collect();
    usual = heapBytes();
    log.debug({ before, after: usual }, 'memory was given back');
  };
}

/** This process. Only this kind of collection returns empty pages to the system. */
export function thisProcess(): ProcessMemory {
  setFlagsFromString('--expose-gc');
  const gc: NodeJS.GCFunction = runInNewContext('gc');
  let last = performance.eventLoopUtilization();
  return {
    heapBytes: () => process.memoryUsage().heapTotal,
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
    collect: () => gc({ type: 'major', flavor: 'last-resort' }),
  };
}
