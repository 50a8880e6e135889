import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import type { MetricsSnapshot } from './metrics.ts';

/** The combined metrics of several processes. */
export type ClusterMetrics = {
  /** The number of workers, and of workers that replaced a dead one. */
  workers: Gauge;
  restarts: Counter;
  /** Keeps the counts of an ended process in the sum: a counter that falls would look like a restart. */
  departed(last: MetricsSnapshot): void;
  /** The reply to Prometheus: the sum of these snapshots and of the ended processes. */
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
      // Another process may have ended meanwhile.
      gone = [counted, ...gone.slice(before.length)];
      return merged([await registry.getMetricsAsJSON(), ...snapshots, ...gone]).metrics();
    },
  };
}

const merged = (snapshots: readonly MetricsSnapshot[]): Registry => AggregatorRegistry.aggregate([...snapshots]);

/** Only the counts of an ended process remain, not its gauges. */
const isCounted = ({ type }: MetricsSnapshot[number]): boolean => ['counter', 'histogram'].includes(String(type));
