export { type Log, openLog } from './log.ts';
export { type Metrics, openMetrics } from './metrics.ts';
