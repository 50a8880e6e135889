import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot } from './metrics.ts';

/** The metrics of several processes, shown as if they were one. */
export type ClusterMetrics = {
  /** How many workers there are, and how many took the place of one that died. */
  workers: Gauge;
  restarts: Counter;
  /** What a process that is gone has counted stays part of the sum: a counter that falls would look like a start of the whole. */
  departed(last: MetricsSnapshot): void;
  /** What Prometheus is answered with: all these together, and those that are gone. */
  text(snapshots: readonly MetricsSnapshot[]): Promise<string>;
};

/** Opens the sum over several processes. */
export function openClusterMetrics(): ClusterMetrics {
  const registry = new Registry();
  const registers = [registry];
  let gone: MetricsSnapshot[] = [];
  return {
    workers: new Gauge({ name: 'pushgate_workers', help: 'Worker processes that run.', registers }),
    restarts: new Counter({ name: 'pushgate_worker_restarts_total', help: 'Workers that replaced one that died.', registers }),
    departed: (last) => void gone.push(last.filter(isCounted)),
    async text(snapshots) {
      const before = gone;
      const counted = await merged(before).getMetricsAsJSON();
      // Somebody may have gone meanwhile.
      gone = [counted, ...gone.slice(before.length)];
      return merged([await registry.getMetricsAsJSON(), ...snapshots, ...gone]).metrics();
    },
  };
}

const merged = (snapshots: readonly MetricsSnapshot[]): Registry => AggregatorRegistry.aggregate([...snapshots]);

/** A process that is gone has no state to show any more, only what it counted. */
const isCounted = ({ type }: MetricsSnapshot[number]): boolean => ['counter', 'histogram'].includes(String(type));
