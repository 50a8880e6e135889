import type { EngineParts } from '../parts.ts';

/** A wait for a decision on a transaction. It holds names only, because many may wait at once. */
export type DecisionWait = {
  /** The transaction. */
  id: string;
  waitMs: number;
  /** Registers a function to call once when the client no longer waits; returns how to unregister it. */
  givenUp: (onGivenUp: () => void) => () => void;
  /** The label in metrics. */
  kind: 'push_wait' | 'long_poll';
};

/** The reason to stop waiting: the time is over, or the client is gone. */
export type Over = 'time' | 'gone';

/** The state of the transaction at one look: a result, or to look again; `unreachable`: the store did not answer. */
type Look<T> = (over: Over | undefined) => Promise<T | 'again' | 'unreachable'>;

const retryMs = 200;

/** Looks at a transaction after each decision, and when the wait is over, until a look has a result. */
export async function untilDecided<T>(
  { store, metrics }: Pick<EngineParts, 'store' | 'metrics'>,
  { id, waitMs, givenUp, kind }: DecisionWait,
  look: Look<T>,
): Promise<T> {
  const bell: Bell = { hasRung: false, over: undefined, wake: () => undefined };
  const ring = (): void => {
    bell.hasRung = true;
    bell.wake();
  };
  const end = (because: Over): void => {
    bell.over ??= because;
    ring();
  };
  // Listens before it looks, so that no answer is missed.
  const stopListening = store.onDecided(id, ring);
  const stopWatching = givenUp(() => end('gone'));
  const timer = setTimeout(() => end('time'), Math.max(1, waitMs));
  metrics.waiters.inc({ kind });
  try {
    for (;;) {
      const ended = await look(bell.over);
      if (ended !== 'again' && ended !== 'unreachable') return ended;
      await rung(bell, ended === 'unreachable' ? retryMs : undefined);
      bell.hasRung = bell.over !== undefined;
    }
  } finally {
    stopListening();
    stopWatching();
    clearTimeout(timer);
    metrics.waiters.dec({ kind });
  }
}

/** A signal that may come before anyone waits for it: a ring, or the end of the wait. */
type Bell = { hasRung: boolean; over: Over | undefined; wake: () => void };

/** Resolves at the next ring, at once if one was missed, or after `limitMs`. */
function rung(bell: Bell, limitMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    bell.wake = resolve;
    if (bell.hasRung) resolve();
    if (limitMs !== undefined) setTimeout(resolve, limitMs);
  });
}
