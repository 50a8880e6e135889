export type { Ready } from './member.ts';
export { startWorkers, type Workers } from './primary.ts';
export { serveAsWorker, type WorkerParts } from './worker.ts';
