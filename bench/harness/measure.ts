import type { Connections, Requests, Run } from './connections.ts';
import { cores, cpuUsed } from './machine.ts';

/** One measurement: operations per second, the program's CPU per operation (ms), latencies (ms), and faults. */
export type Sample = { perSecond: number; cpuMs: number; p50: number; p99: number; clientShare: number; faults: string[] };

/** A measurement and its replies. */
export type Measured = { sample: Sample; run: Run };

const busiestOthers = 0.1;
const busiestClient = 0.9;

/**
 * Sends requests over the connections and reads the CPU times of `pid` before and after; `ours` are processes that work
 * for the measurement.
 */
export async function measure(pid: number, connections: Connections, requests: Requests, ours: readonly number[] = []): Promise<Measured> {
  const before = [cpuUsed(pid), ...ours.map(cpuUsed)];
  const run = await connections.run(requests);
  const after = [cpuUsed(pid), ...ours.map(cpuUsed)];
  return { sample: sampleOf(run, before, after), run };
}

type Clocks = readonly ReturnType<typeof cpuUsed>[];

/** The sample of a run; the first CPU time is the program's. */
export function sampleOf(run: Pick<Run, 'count' | 'seconds' | 'latencies' | 'bad'>, before: Clocks, after: Clocks): Sample {
  const used = (name: 'program' | 'client' | 'machine', at = 0): number => (after[at]?.[name] ?? 0) - (before[at]?.[name] ?? 0);
  const helpers = before.slice(1).reduce((sum, _, index) => sum + used('program', index + 1), 0);
  const others = (used('machine') - used('program') - used('client') - helpers) / run.seconds / cores;
  const clientShare = used('client') / run.seconds;
  const sorted = run.latencies.toSorted();
  return {
    perSecond: run.count / run.seconds,
    cpuMs: (used('program') * 1000) / run.count,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    clientShare,
    faults: [
      ...(run.bad === undefined ? [] : [`a reply was not good: ${run.bad.slice(0, 200)}`]),
      ...(others > busiestOthers ? [`the machine is busy: others use ${(others * 100).toFixed(0)} % of it`] : []),
      ...(clientShare > busiestClient ? ['the client is the bottleneck'] : []),
    ],
  };
}
