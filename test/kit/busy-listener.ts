import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { openListener } from '../../src/edge/http/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import type { Cleanup } from './temporary.ts';

/** A listener in a blocked thread: new connections stay in the kernel's queue. This module is its own worker. */
export async function givenBusyListener(undo: Cleanup): Promise<{ port: number }> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(import.meta.filename, { workerData: gate });
  undo.later(async () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await worker.terminate();
  });
  const [url]: [string] = (await once(worker, 'message')) as [string];
  return { port: Number(new URL(url).port) };
}

async function standStill(gate: Int32Array): Promise<void> {
  const surroundings = { log: openLog('silent'), metrics: openMetrics('test'), draining: { now: false } };
  const { url } = await openListener({ address: '127.0.0.1:0', mounts: [], ...surroundings });
  parentPort?.postMessage(url);
  Atomics.wait(gate, 0, 0);
}

if (!isMainThread && workerData instanceof Int32Array) await standStill(workerData);
