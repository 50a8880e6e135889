import cluster from 'node:cluster';
import { systemCode } from '../../foundation/model/index.ts';
import type { MetricsSnapshot } from '../../foundation/telemetry/index.ts';
import { CommandFailed } from '../terminal.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

/** The URLs of a worker, and the password of the first administrator if this worker made that account. */
export type Ready = { urls: string[]; firstPassword: string | undefined };

/** One worker process, as the primary sees it. */
export type Member = {
  readonly pid: number;
  /** Rejects with a message for the user if the worker ends before it listens. */
  ready: Promise<Ready>;
  /** Resolves with the reason of the end: the worker's own sentence, else the signal or the exit code. */
  ended: Promise<string>;
  /** Sends the message once the worker listens. A worker that has ended gets none. */
  tell(message: ToWorker): void;
  /** Its current metrics; the last known ones if it does not answer in time. */
  snapshot(): Promise<MetricsSnapshot | undefined>;
  /** The last known metrics. */
  lastSnapshot(): MetricsSnapshot | undefined;
};

const answerMs = 1000;

/**
 * Starts a worker that runs the command of this process. `metricsText` answers a worker that asks for the metrics of
 * all workers.
 */
export function forkMember(metricsText: () => Promise<string>): Member {
  const worker = cluster.fork();
  const { promise: ready, resolve: isReady, reject: neverReady } = Promise.withResolvers<Ready>();
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  // The callback makes a closed channel harmless: `ended` reports the end.
  const send = (message: ToWorker): void => void worker.send(message, () => undefined);
  const snapshots = openSnapshots((id) => send({ kind: 'snapshot-wanted', id }));
  let refusal: Extract<ToPrimary, { kind: 'failed' }> | undefined;
  worker.on('message', (message: ToPrimary) => {
    switch (message.kind) {
      case 'ready':
        snapshots.begin();
        return isReady(message);
      case 'failed':
        refusal = message;
        return;
      case 'snapshot':
        return snapshots.take(message.id, message.snapshot);
      case 'metrics-wanted':
        return void metricsText().then((text) => send({ kind: 'metrics', id: message.id, text }));
      default:
        return message satisfies never;
    }
  });
  const over = (how: string): void => {
    snapshots.end();
    const sentence = refusal?.message ?? `a worker ended (${how}) before it listened; what it wrote above says why`;
    neverReady(new CommandFailed(sentence, refusal?.failure));
    end(refusal?.message ?? how);
  };
  worker.once('exit', (code, signal) => over(signal ?? `exit code ${code}`));
  worker.on('error', (error) => over(systemCode(error)));
  // A caller may ignore `ready`; `ended` reports the same failure.
  ready.catch(() => undefined);
  return {
    pid: worker.process.pid ?? 0,
    ready,
    ended,
    tell(message) {
      ready.then(() => send(message)).catch(() => undefined);
    },
    snapshot: snapshots.now,
    lastSnapshot: snapshots.last,
  };
}

/** Asks one worker for its metrics. */
function openSnapshots(ask: (id: number) => void) {
  const waiting = new Map<number, () => void>();
  let last: MetricsSnapshot | undefined;
  let asked = 0;
  let isUp = false;
  return {
    begin() {
      isUp = true;
    },
    take(id: number, snapshot: MetricsSnapshot) {
      last = snapshot;
      waiting.get(id)?.();
    },
    end() {
      isUp = false;
      for (const give of waiting.values()) give();
    },
    last: () => last,
    async now(): Promise<MetricsSnapshot | undefined> {
      if (!isUp) return last;
      asked += 1;
      const id = asked;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(id, resolve);
      const timer = setTimeout(resolve, answerMs);
      ask(id);
      await promise;
      clearTimeout(timer);
      waiting.delete(id);
      return last;
    },
  };
}
