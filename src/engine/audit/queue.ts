import { type AuditContent, type Clock, GatewayFault, type Tell } from '../../foundation/model/index.ts';
import { type Log, thrownFields } from '../../foundation/telemetry/index.ts';
import type { Store } from '../../store/store.ts';
import { batchSize, type OwnChain, type PendingEntry } from './own-chain.ts';

/**
 * Where a note is stored until it becomes an entry: among the effects of a transaction, by itself, or nowhere if it was
 * not written with an act.
 */
export type NotePlace = { transaction: string } | 'by-itself' | 'nowhere';

/** The events that wait for their place in the chain, in order of arrival. */
export type AuditQueue = {
  add(event: AuditContent): void;
  /** Adds stored notes, and removes them from their place once they are entries. */
  addHeld(notes: readonly PendingEntry[], held: NotePlace): void;
  /** Removes these effects too, together with the next notes of their transaction or separately. */
  removeStored(transaction: string, effects: readonly string[]): void;
  /** Resolves when everything added so far is in the store. Throws the store's errors. */
  flush(): Promise<void>;
  /** How long the oldest event has waited (ms). */
  oldestMs(): number;
  /** Stops the timer. */
  stop(): void;
};

type Waiting = { note: PendingEntry; held: NotePlace };

/** Well below the one second of events that a crash may lose. */
const flushMs = 200;
const retryMs = 1000;
const defaultRoom = 20_000;

/** The parts of a queue; `room` is the largest number of waiting events. */
export type QueueParts = { store: Store; clock: Clock; log: Log; tell: Tell; room?: number };

/** Opens a queue that writes a few times a second, one batch at a time. */
export function openQueue(chain: OwnChain, { store, clock, log, tell, room = defaultRoom }: QueueParts): AuditQueue {
  const waiting: Waiting[] = [];
  const ids = new Set<string>();
  let done = new Map<string, string[]>();
  let lost = 0;
  let underWay: Promise<void> | undefined;
  const push = (each: Waiting): void => {
    // A sweep may find a note that already waits here.
    if (ids.has(each.note.id)) return;
    if (waiting.length < room) {
      waiting.push(each);
      ids.add(each.note.id);
    }
    // A stored note will come back with a sweep.
    else if (each.held === 'nowhere') lost += 1;
    timer.plan(flushMs);
  };
  const add = (event: AuditContent): void => push({ note: { id: chain.nextId(), at: clock(), event }, held: 'nowhere' });
  const reportLost = (count: number): void => {
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
    if (lost > 0) reportLost(lost);
    lost = 0;
    const effects = done;
    done = new Map();
    await Promise.all([chain.beat(), removeStored(store, over, effects)]);
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
    removeStored(transaction, effects) {
      done.set(transaction, [...(done.get(transaction) ?? []), ...effects]);
      timer.plan(flushMs);
    },
    flush,
    oldestMs: () => (waiting[0] ? Math.max(0, clock() - waiting[0].note.at) : 0),
    stop: timer.stop,
  };
}

/**
 * Returns a function that appends the first waiting events. After a defect it goes on one by one for the size of that
 * batch, and drops each event that cannot be written, so that it delays no other.
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

/** The timer of a queue: `plan` starts it unless it is running. */
function openTimer(log: Log, write: () => Promise<void>): { plan(afterMs: number): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const plan = (afterMs: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      write().catch((error: unknown) => {
        // An event reports the loss of the store, so the log need not repeat it.
        log[isOutage(error) ? 'debug' : 'error'](thrownFields(error), 'the audit cannot be written now; it will be tried again');
        plan(retryMs);
      });
    }, afterMs).unref();
  };
  return { plan, stop: () => clearTimeout(timer) };
}

/** Removes notes that are entries now. After a fault a sweep finds them again, and finds their entries. */
async function removeStored(store: Store, over: readonly Waiting[], done: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const alone: string[] = [];
  const ofTransactions = new Map([...done].map(([id, effects]) => [id, [...effects]]));
  for (const { note, held } of over) {
    if (held === 'by-itself') alone.push(note.id);
    else if (held !== 'nowhere') ofTransactions.set(held.transaction, [...(ofTransactions.get(held.transaction) ?? []), note.id]);
  }
  const removals = [...ofTransactions].map(([id, effects]) => store.removeEffects(id, effects));
  await Promise.all([...removals, ...(alone.length > 0 ? [store.removeNotes(alone)] : [])]);
}
