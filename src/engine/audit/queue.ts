import { type AuditContent, type Clock, GatewayFault, type Tell } from '../../foundation/model/index.ts';
import { type Log, thrownFields } from '../../foundation/telemetry/index.ts';
import type { Store } from '../../store/store.ts';
import { batchSize, type Noted, type OwnChain } from './own-chain.ts';

/** Where a note stands until it is an entry: in a transaction among its effects, or by itself; nowhere where it was written with no act. */
export type Held = { transaction: string } | 'by-itself' | 'nowhere';

/** What waits for its place in the chain, in the order in which it came. */
export type AuditQueue = {
  add(event: AuditContent): void;
  /** Takes notes, and takes them off where they stand once they are entries. */
  addHeld(notes: readonly Noted[], held: Held): void;
  /** Takes these effects off as well, with the next notes of their transaction or by themselves. */
  takeOff(transaction: string, effects: readonly string[]): void;
  /** Resolves when all that was taken so far is in the store. Throws what the store throws. */
  flush(): Promise<void>;
  /** How long the oldest of them has waited (ms). */
  oldestMs(): number;
  /** Writes nothing more by itself. */
  stop(): void;
};

type Waiting = { note: Noted; held: Held };

/** Well below the second that may be lost. */
const flushMs = 200;
const retryMs = 1000;
const usualRoom = 20_000;

/** What a queue works with; `room` is how many wait at most. */
export type QueueParts = { store: Store; clock: Clock; log: Log; tell: Tell; room?: number };

/** Writes what it gets a few times a second, and no more than one batch at a time. */
export function openQueue(chain: OwnChain, { store, clock, log, tell, room = usualRoom }: QueueParts): AuditQueue {
  const waiting: Waiting[] = [];
  const ids = new Set<string>();
  let done = new Map<string, string[]>();
  let lost = 0;
  let underWay: Promise<void> | undefined;
  const push = (each: Waiting): void => {
    // A sweep may find what waits here already.
    if (ids.has(each.note.id)) return;
    if (waiting.length < room) {
      waiting.push(each);
      ids.add(each.note.id);
    }
    // What stands in the store comes back with a sweep.
    else if (each.held === 'nowhere') lost += 1;
    timer.plan(flushMs);
  };
  const add = (event: AuditContent): void => push({ note: { id: chain.nextId(), at: clock(), event }, held: 'nowhere' });
  const tellLost = (count: number): void => {
    const event = { kind: 'audit-lost', count } as const;
    tell(event, 'kept');
    add(event);
  };
  const append = openAppend(chain, log);
  const round = async (): Promise<void> => {
    const added = await append(waiting);
    const over = waiting.splice(0, added.done);
    for (const { note } of over) ids.delete(note.id);
    lost += added.lost;
    if (lost > 0) tellLost(lost);
    lost = 0;
    const effects = done;
    done = new Map();
    await Promise.all([chain.beat(), takeOff(store, over, effects)]);
  };
  const flush = async (): Promise<void> => {
    while (waiting.length > 0 || done.size > 0 || underWay) {
      underWay ??= round().finally(() => {
        underWay = undefined;
      });
      await underWay;
    }
  };
  const timer = openTimer(log, flush);
  return {
    add,
    addHeld(notes, held) {
      for (const note of notes) push({ note, held });
    },
    takeOff(transaction, effects) {
      done.set(transaction, [...(done.get(transaction) ?? []), ...effects]);
      timer.plan(flushMs);
    },
    flush,
    oldestMs: () => (waiting[0] ? Math.max(0, clock() - waiting[0].note.at) : 0),
    stop: timer.stop,
  };
}

/**
 * Adds the first of what waits. After a defect it goes on one by one, as many as the batch had: what cannot be written is given up and holds up nothing
 * else.
 */
function openAppend(chain: OwnChain, log: Log): (waiting: readonly Waiting[]) => Promise<{ done: number; lost: number }> {
  let singly = 0;
  return async (waiting) => {
    const batch = waiting.slice(0, singly > 0 ? 1 : batchSize).map(({ note }) => note);
    if (batch.length === 0) return { done: 0, lost: 0 };
    try {
      const done = await chain.append(batch);
      singly = Math.max(0, singly - done);
      return { done, lost: 0 };
    } catch (error) {
      if (isOutage(error)) throw error;
      chain.giveUp();
      if (singly === 0) {
        singly = batch.length;
        return { done: 0, lost: 0 };
      }
      log.error({ ...thrownFields(error), event: batch[0]?.event.kind }, 'an event cannot be written to the audit');
      singly -= 1;
      return { done: 1, lost: 1 };
    }
  };
}

const isOutage = (error: unknown): boolean => error instanceof GatewayFault && error.code === 'store-unavailable';

/** The timer of a queue: `plan` sets it unless it is set already. */
function openTimer(log: Log, write: () => Promise<void>): { plan(afterMs: number): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const plan = (afterMs: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      write().catch((error: unknown) => {
        // That the store is lost is told once, by an event.
        log[isOutage(error) ? 'debug' : 'error'](thrownFields(error), 'the audit cannot be written now; it is tried again');
        plan(retryMs);
      });
    }, afterMs).unref();
  };
  return { plan, stop: () => clearTimeout(timer) };
}

/** Takes off what are entries now. What a fault leaves is found by a sweep, which finds the entries. */
async function takeOff(store: Store, over: readonly Waiting[], done: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const alone: string[] = [];
  const ofTransactions = new Map([...done].map(([id, effects]) => [id, [...effects]]));
  for (const { note, held } of over) {
    if (held === 'by-itself') alone.push(note.id);
    else if (held !== 'nowhere') ofTransactions.set(held.transaction, [...(ofTransactions.get(held.transaction) ?? []), note.id]);
  }
  const removals = [...ofTransactions].map(([id, effects]) => store.removeEffects(id, effects));
  await Promise.all([...removals, ...(alone.length > 0 ? [store.removeNotes(alone)] : [])]);
}
