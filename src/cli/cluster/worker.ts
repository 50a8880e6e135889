import { GatewayFault, version } from '../../foundation/model/index.ts';
import { type Metrics, openMetrics } from '../../foundation/telemetry/index.ts';
import type { Gateway } from '../../gateway/start.ts';
import { CommandFailed, failureOf, type Terminal } from '../terminal.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

/**
 * The work of a worker: `start` starts a gateway that shows these metrics, `reload` makes it read its configuration
 * again.
 */
export type WorkerParts = {
  terminal: Terminal;
  start(metrics: Metrics): Promise<Gateway>;
  reload(gateway: Gateway): void;
};

/**
 * Runs a gateway in this worker process until the primary or a signal asks it to stop. A failed start is reported to
 * the primary.
 */
export async function serveAsWorker({ terminal, start, reload }: WorkerParts): Promise<void> {
  const primary = openPrimary();
  const stop = Promise.race([terminal.stopRequested(), primary.stopRequested]);
  // A signal to the process group also reaches the primary, which passes it on. Handling it here too would count it
  // twice.
  const endings = [terminal.onReloadRequested(() => undefined)];
  try {
    const gateway = await start(primary.metrics);
    endings.push(primary.onReloadRequested(() => reload(gateway)));
    await tell({ kind: 'ready', urls: gateway.urls, firstPassword: gateway.firstPassword });
    await stop;
    await gateway.close();
  } catch (error) {
    await tell({ kind: 'failed', message: sentenceOf(error), failure: failureOf(error) });
  } finally {
    for (const end of endings) end();
    // A worker ends when its channel closes.
    if (process.connected) process.disconnect();
  }
}

/** The primary, as a worker sees it. `metrics` counts in this worker and shows the sums of all workers. */
type Primary = { metrics: Metrics; stopRequested: Promise<void>; onReloadRequested(callback: () => void): () => void };

function openPrimary(): Primary {
  const own = openMetrics(version);
  const { promise: stopRequested, resolve: stop } = Promise.withResolvers<void>();
  const reloads = new Set<() => void>();
  const waiting = new Map<number, (text: string) => void>();
  let asked = 0;
  process.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'reload':
        for (const callback of reloads) callback();
        return;
      case 'stop':
        return stop();
      case 'snapshot-wanted':
        return void own.snapshot().then((snapshot) => tell({ kind: 'snapshot', id: message.id, snapshot }));
      case 'metrics':
        waiting.get(message.id)?.(message.text);
        return void waiting.delete(message.id);
      default:
        return message satisfies never;
    }
  });
  const text = (): Promise<string> =>
    new Promise((resolve) => {
      asked += 1;
      waiting.set(asked, resolve);
      void tell({ kind: 'metrics-wanted', id: asked });
    });
  return {
    metrics: { ...own, text },
    stopRequested,
    onReloadRequested(callback) {
      reloads.add(callback);
      return () => void reloads.delete(callback);
    },
  };
}

/** Resolves when the message is sent. Workers end with their primary, so a missing answer blocks no worker. */
const tell = (message: ToPrimary): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });

function sentenceOf(error: unknown): string {
  if (error instanceof GatewayFault || error instanceof CommandFailed) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
