import cluster from 'node:cluster';
import { systemCode } from '../../foundation/model/index.ts';
import type { MetricsSnapshot } from '../../foundation/telemetry/index.ts';
import { CommandFailed } from '../terminal.ts';
import type { ToPrimary, ToWorker } from './messages.ts';

/** Where a worker listens, and the password of the first administrator if it made that account. */
export type Ready = { urls: string[]; firstPassword: string | undefined };

/** One worker process, seen from the primary. */
export type Member = {
  readonly pid: number;
  /** Rejects with what to tell the user when it ends before it listens. */
  ready: Promise<Ready>;
  /** Resolves with how it ended: the sentence that it left, else the signal or the code. */
  ended: Promise<string>;
  /** Says it as soon as the worker listens, if it still does. */
  tell(message: ToWorker): void;
  /** Its metrics now; the last ones that it told where it does not answer in time. */
  snapshot(): Promise<MetricsSnapshot | undefined>;
  /** The last metrics that it told. */
  lastSnapshot(): MetricsSnapshot | undefined;
};

const answerMs = 1000;

/** Starts a worker that runs the command of this process. `metricsText` is what it is told when it asks for the metrics of all. */
export function forkMember(metricsText: () => Promise<string>): Member {
  const worker = cluster.fork();
  const { promise: ready, resolve: isReady, reject: neverReady } = Promise.withResolvers<Ready>();
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  // With a callback a closed channel is no error here: `ended` tells of the end.
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
  // Who is not waited for may fail unheard: `ended` tells of it too.
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

/** Asks one worker for its metrics, between `begin` and `end`. */
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
