import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Log } from '../foundation/telemetry/index.ts';

/** A process as far as its memory goes: what V8 holds of the system, and the share of the time since it was asked last in which JavaScript ran. */
export type ProcessMemory = { heapBytes(): number; busyShare(): number; collect(): void };

const everyMs = 10_000;
const idleShare = 0.05;
const worthwhileBytes = 32 * 1024 ** 2;

/**
 * Gives back what a burst of logins has left behind, as soon as little is going on: V8 collects when something is allocated, so a gateway that only
 * waits would keep it. Nothing else is done meanwhile, for a few ms per MiB in use.
 * @see docs/decisions/waiting-requests-leave.md
 */
export function startIdleCollection(log: Log): void {
  const look = idleCollection(thisProcess(), log);
  setInterval(look, everyMs).unref();
}

/** What is done every ten seconds. */
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

/** This process; its collection empties pages and returns them, which no other that can be asked for does. */
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
