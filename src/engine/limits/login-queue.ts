import { AsyncLocalStorage } from 'node:async_hooks';
import { poolThreads } from '../../foundation/crypto/index.ts';
import { spendStoreTime } from '../../foundation/deadline/index.ts';
import { Overloaded, type ShedReason, type Tell } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { openFairSlots } from './fair-slots.ts';

/**
 * The queue of first legs, before anything is looked up, hashed or signed for them. A gateway does as many at once as
 * it does best, and refuses those that it could not do in time. Phone answers and second legs do not wait here.
 */
export type LoginQueue = {
  /**
   * Does the work of a first leg when it is its auth server's turn. Throws `Overloaded` before any work if the wait
   * was, or is expected to be, longer than two seconds.
   */
  run<T>(authServer: string, work: () => Promise<T>): Promise<T>;
  /** Releases the slot of the calling first leg, which now only waits for others. Does nothing outside a first leg. */
  releaseSlot(): void;
  /** Releases the slot while a first leg waits for a directory; afterwards it goes before those that have not begun. */
  withoutSlot: WithoutSlot;
  /** Counts an overload refusal, and reports when an overload begins and ends. Returns the error to throw. */
  refuse: Shedding;
};

/** {@link LoginQueue.withoutSlot}. */
export type WithoutSlot = <T>(work: () => Promise<T>) => Promise<T>;

/** {@link LoginQueue.refuse}. */
export type Shedding = (authServer: string, reason: ShedReason, retryAfterMs: number) => Overloaded;

/** How many first legs work at once, how many wait, and how long at most (ms). */
export type LoginQueueBounds = { slots: number; waiting: number; longestMs: number };

/**
 * Four per thread that signs or hashes: enough for a slow store, and few enough to leave the JavaScript thread to
 * others.
 */
const defaultBounds: LoginQueueBounds = { slots: 4 * poolThreads, waiting: 512, longestMs: 2000 };
const maxRetryMs = 30_000;
/** The least store time for a request that waited (ms). */
const minStoreMs = 500;
const calmMs = 10_000;

/**
 * The slot of one first leg. `waits`: how many waits for directories are under way. `isOver`: it was answered, so
 * later work takes no slot.
 */
type HeldSlot = { authServer: string; leave: () => void; waits: number; isOver: boolean };

type Parts = { metrics: Metrics; tell: Tell; bounds?: LoginQueueBounds | undefined; now?: () => number };

/** Opens an empty queue. */
export function openLoginQueue({ metrics, tell, bounds = defaultBounds, now = () => performance.now() }: Parts): LoginQueue {
  const slots = openFairSlots(bounds, now);
  const currentSlot = new AsyncLocalStorage<HeldSlot>();
  const refuse = openShedding(metrics, tell);
  metrics.onCollect(() => metrics.load.waiting.set(slots.waiting()));
  const takeAgain = async (slot: HeldSlot): Promise<void> => {
    if (slot.isOver) return;
    const leave = await slots.take(slot.authServer, bounds.longestMs, 'again');
    // Begun work is finished even without a slot.
    if (leave === 'late') return;
    if (slot.isOver || slot.waits > 0) leave();
    else slot.leave = leave;
  };
  return {
    refuse,
    releaseSlot: () => currentSlot.getStore()?.leave(),
    async withoutSlot(work) {
      const slot = currentSlot.getStore();
      if (!slot || slot.isOver) return work();
      slot.leave();
      slot.waits += 1;
      try {
        return await work();
      } finally {
        slot.waits -= 1;
        if (slot.waits === 0) await takeAgain(slot);
      }
    },
    async run(authServer, work) {
      const expectedMs = slots.expectedMs(authServer);
      if (expectedMs > bounds.longestMs) throw refuse(authServer, 'queue', expectedMs);
      const came = now();
      const leave = await slots.take(authServer, bounds.longestMs);
      if (leave === 'late') throw refuse(authServer, 'waited', bounds.longestMs);
      spendStoreTime(now() - came, minStoreMs);
      const slot = { authServer, leave, waits: 0, isOver: false };
      try {
        return await currentSlot.run(slot, work);
      } finally {
        slot.isOver = true;
        slot.leave();
      }
    },
  };
}

/** Reports the begin and the end of an overload. */
export function openShedding(metrics: Metrics, tell: Tell): Shedding {
  let flood: { refused: number; isCalm: boolean; timer: NodeJS.Timeout } | undefined;
  const look = (): void => {
    if (!flood?.isCalm) {
      if (flood) flood.isCalm = true;
      return;
    }
    clearInterval(flood.timer);
    tell({ kind: 'overload-ended', refused: flood.refused });
    flood = undefined;
  };
  return (authServer, reason, retryAfterMs) => {
    metrics.load.shed.inc({ auth_server: authServer, reason });
    if (!flood) {
      tell({ kind: 'overload-began', authServer, reason });
      flood = { refused: 0, isCalm: false, timer: setInterval(look, calmMs).unref() };
    }
    flood.refused += 1;
    flood.isCalm = false;
    return new Overloaded(Math.min(maxRetryMs, retryAfterMs));
  };
}
