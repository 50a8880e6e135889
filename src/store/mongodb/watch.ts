import { setTimeout as sleep } from 'node:timers/promises';
import { type ChangeStreamDocument, type Collection, MongoServerError, type ResumeToken } from 'mongodb';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { Store } from '../store.ts';
import type { TransactionDocument } from './collections.ts';

/** Notifies waiters of this gateway about decisions of any gateway. */
export type Watch = Pick<Store, 'onDecided'> & { close(): Promise<void> };

/** `pollMs`: interval of queries without a change stream; `retryMs`: interval of attempts to open one. */
export type WatchOptions = {
  transactions: Collection<TransactionDocument>;
  log: Log;
  pollMs?: number | undefined;
  retryMs?: number | undefined;
};

/** Decisions only: changes of trail and effects do not matter to waiters. */
const decisions = [
  { $match: { operationType: 'update', 'updateDescription.updatedFields.decision': { $exists: true } } },
  { $project: { documentKey: 1 } },
];

/** The common parts of the watch. `resumeAfter` is the stream's position when it broke. */
type Watching = Required<Pick<WatchOptions, 'transactions' | 'log'>> & {
  waiters: Waiters;
  signal: AbortSignal;
  pollMs: number;
  retryMs: number;
  resumeAfter: ResumeToken;
};

/**
 * Opens the watch. The change stream starts with the first waiter. Without one (a standalone server, an election), one
 * query per interval covers all waiters. Every switch notifies all waiters, since changes in between may have been
 * missed.
 */
export function openWatch({ transactions, log, pollMs = 500, retryMs = 5000 }: WatchOptions): Watch {
  const ended = new AbortController();
  const { signal } = ended;
  const watching: Watching = { transactions, log, waiters: openWaiters(), signal, pollMs, retryMs, resumeAfter: undefined };
  let isFollowing = false;
  let following: Promise<void> = Promise.resolve();
  const follow = async (): Promise<void> => {
    while (!signal.aborted && watching.waiters.ids().length > 0) {
      await stream(watching).catch((error: unknown) => broken(watching, error, 'no change stream; the store is asked instead'));
      await poll(watching).catch(async (error: unknown) => {
        broken(watching, error, 'the store could not be asked');
        await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      });
    }
    isFollowing = false;
  };
  return {
    onDecided(id, listener) {
      const stop = watching.waiters.add(id, listener);
      if (!isFollowing && !signal.aborted) {
        isFollowing = true;
        following = follow();
      }
      return stop;
    },
    async close() {
      ended.abort();
      await following;
    },
  };
}

/** Follows a change stream until it breaks or the watch is closed. */
async function stream(watching: Watching): Promise<never> {
  const { transactions, waiters, log, signal, resumeAfter } = watching;
  const changes = transactions.watch<TransactionDocument, DecisionSeen>(decisions, resumeAfter ? { resumeAfter } : {});
  const stop = (): void => void changes.close().catch(() => undefined);
  signal.addEventListener('abort', stop);
  try {
    let change: DecisionSeen | null = await changes.tryNext();
    log.debug({}, 'the change stream is open');
    waiters.tellAll();
    for (;;) {
      if (change) waiters.tell(change.documentKey._id);
      watching.resumeAfter = changes.resumeToken;
      change = await changes.next();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Polls for all waiters until it is time to try the stream again. */
async function poll({ transactions, waiters, signal, pollMs, retryMs }: Watching): Promise<void> {
  const seen = new Map<string, number>();
  for (let waited = 0; waited < retryMs && waiters.ids().length > 0; waited += pollMs) {
    const found = transactions.find({ _id: { $in: waiters.ids() } }, { projection: { 'decision.version': 1 } });
    for await (const { _id, decision } of found) {
      if (seen.get(_id) !== decision.version) waiters.tell(_id);
      seen.set(_id, decision.version);
    }
    await sleep(pollMs, undefined, { signal });
  }
}

function broken(watching: Watching, error: unknown, what: string): void {
  if (watching.signal.aborted) return;
  // A server error may mean that it no longer knows the position; a lost connection does not.
  if (error instanceof MongoServerError) watching.resumeAfter = undefined;
  watching.log.debug({ reason: error instanceof Error ? error.name : 'unknown' }, what);
}

type DecisionSeen = ChangeStreamDocument<TransactionDocument> & { documentKey: { _id: string } };

type Waiters = { ids(): string[]; tell(id: string): void; tellAll(): void; add(id: string, listener: () => void): () => void };

/** The listeners by transaction id. */
function openWaiters(): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  const tell = (id: string): void => {
    for (const listener of [...(waiting.get(id) ?? [])]) listener();
  };
  return {
    ids: () => [...waiting.keys()],
    tell,
    tellAll: () => [...waiting.keys()].forEach(tell),
    add(id, listener) {
      const listeners = waiting.get(id) ?? new Set();
      // A new function, so that one listener can be added twice.
      const told = (): void => listener();
      waiting.set(id, listeners.add(told));
      return () => {
        listeners.delete(told);
        if (listeners.size === 0 && waiting.get(id) === listeners) waiting.delete(id);
      };
    },
  };
}
