export { type ClusterMetrics, openClusterMetrics } from './cluster-metrics.ts';
export { logEvents } from './event-log.ts';
export { countEvents } from './event-metrics.ts';
export { type Log, openLog, thrownFields } from './log.ts';
export { type LoggedName, type ShowName, withNames } from './log-names.ts';
export { type Metrics, type MetricsSnapshot, openMetrics } from './metrics.ts';
