import { setTimeout as sleep } from 'node:timers/promises';
import { type ChangeStream, type Collection, type Document, MongoServerError, type ResumeToken } from 'mongodb';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { PublishedEventDocument, TransactionDocument } from './collections.ts';

/** Notifies waiters of this gateway about changes by any gateway. */
export type Watch = {
  /** Calls `listener` soon after a change of this key, until the returned function is called. */
  on(key: string, listener: () => void): () => void;
  close(): Promise<void>;
};

/** What is watched: a change stream with the key in each change, and the present state of keys for polling. */
export type WatchSource = {
  changes(position: { resumeAfter?: ResumeToken }): ChangeStream<Document, Document>;
  keyOf(change: Document): string;
  /** A number per key that grows with each change; keys without a state may be absent. */
  states(keys: readonly string[]): Promise<[key: string, state: number][]>;
};

/** `pollMs`: interval of queries without a change stream; `retryMs`: interval of attempts to open one. */
export type WatchOptions = {
  source: WatchSource;
  log: Log;
  pollMs?: number | undefined;
  retryMs?: number | undefined;
};

/** Decisions, by the id of their transaction. Changes of trail and effects do not matter to waiters. */
export const decisions = (transactions: Collection<TransactionDocument>): WatchSource => ({
  changes: (position) =>
    transactions.watch(
      [
        { $match: { operationType: 'update', 'updateDescription.updatedFields.decision': { $exists: true } } },
        { $project: { documentKey: 1 } },
      ],
      position,
    ),
  keyOf: (change) => String(change.documentKey._id),
  async states(ids) {
    const found = transactions.find({ _id: { $in: [...ids] } }, { projection: { 'decision.version': 1 } });
    return (await found.toArray()).map(({ _id, decision }) => [_id, decision.version]);
  },
});

/** Published events, by their auth server. */
export const publications = (events: Collection<PublishedEventDocument>): WatchSource => ({
  changes: (position) => events.watch([{ $match: { operationType: 'insert' } }, { $project: { 'fullDocument.authServer': 1 } }], position),
  keyOf: (change) => String(change.fullDocument.authServer),
  async states(authServers) {
    const last = async (authServer: string): Promise<[string, number]> => {
      const found = await events.findOne({ authServer }, { projection: { number: 1 }, sort: { number: -1 } });
      return [authServer, found?.number ?? 0];
    };
    return Promise.all(authServers.map(last));
  },
});

/** The common parts of the watch. `resumeAfter` is the stream's position when it broke. */
type Watching = Pick<WatchOptions, 'source' | 'log'> & {
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
export function openWatch({ source, log, pollMs = 500, retryMs = 5000 }: WatchOptions): Watch {
  const ended = new AbortController();
  const { signal } = ended;
  const watching: Watching = { source, log, waiters: openWaiters(), signal, pollMs, retryMs, resumeAfter: undefined };
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
    on(key, listener) {
      const stop = watching.waiters.add(key, listener);
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
  const { source, waiters, log, signal, resumeAfter } = watching;
  const changes = source.changes(resumeAfter ? { resumeAfter } : {});
  const stop = (): void => void changes.close().catch(() => undefined);
  signal.addEventListener('abort', stop);
  try {
    let change: Document | null = await changes.tryNext();
    log.debug({}, 'the change stream is open');
    waiters.tellAll();
    for (;;) {
      if (change) waiters.tell(source.keyOf(change));
      watching.resumeAfter = changes.resumeToken;
      change = await changes.next();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** Polls for all waiters until it is time to try the stream again. */
async function poll({ source, waiters, signal, pollMs, retryMs }: Watching): Promise<void> {
  const seen = new Map<string, number>();
  for (let waited = 0; waited < retryMs && waiters.ids().length > 0; waited += pollMs) {
    for (const [key, state] of await source.states(waiters.ids())) {
      if (seen.get(key) !== state) waiters.tell(key);
      seen.set(key, state);
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

type Waiters = { ids(): string[]; tell(id: string): void; tellAll(): void; add(id: string, listener: () => void): () => void };

/** The listeners by key. */
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
