import { hostname } from 'node:os';
import type { Keyring } from '../../foundation/keyring/index.ts';
import {
  type AuditNote,
  type AuditWriter,
  type ChainRecord,
  type Clock,
  type GatewayEvent,
  type Tell,
  version,
} from '../../foundation/model/index.ts';
import { type Log, thrownFields } from '../../foundation/telemetry/index.ts';
import { noteLeaseMs, type Store } from '../../store/store.ts';
import { openOwnChain } from './own-chain.ts';
import { type NotePlace, openQueue } from './queue.ts';
import { type DatedEvent, openSealing, type Sealing } from './sealing.ts';

/** Writes events to the chain of this gateway. */
export type AuditTrail = {
  /**
   * Adds an event that was not written with an act. It is in the store within a second, or lost if the gateway dies
   * before.
   */
  take(event: GatewayEvent): void;
  /** Seals the event of an act, to be written with it. */
  seal(event: DatedEvent): AuditNote;
  /** Adds events that were written with an act, and removes their notes once they are entries. */
  chain(events: readonly DatedEvent[], held: NotePlace): void;
  /** The same for notes that another gateway left; a forged note becomes an entry that says so. */
  takeOver(notes: readonly AuditNote[], held: NotePlace): void;
  /** Removes these effects of a transaction together with its notes, in one write. */
  removeStored(transaction: string, effects: readonly string[]): void;
  /** Takes over separate notes that a crash left; returns their number. */
  sweep(): Promise<number>;
  /** How long the oldest waiting event has waited (ms). */
  oldestMs(): number;
  /** Discards the cached keys of persons. */
  forgetPersons(): void;
  /** Resolves when everything added so far is in the store. Throws the store's errors. */
  flush(): Promise<void>;
  /** Writes what is left and ends the chain, with `last` as its last event. Logs what cannot be written. */
  close(last?: GatewayEvent): Promise<void>;
};

/** The parts of a trail. */
export type TrailParts = {
  store: Store;
  keyring: Keyring;
  clock: Clock;
  log: Log;
  tell: Tell;
  /** No other gateway can have this store open. */
  aloneInStore: boolean;
  /** The largest number of events that wait for the store. */
  room?: number;
};

/** The id of the signed record with the number of chains. */
export const chainsRow = 'chains';

const beatMs = 10_000;
/** A gateway that is silent for this time (ms) counts as dead. */
const silentMs = 60_000;
const maxNamed = 20;
const sweptAtOnce = 500;

/**
 * Begins a chain whose first entry names the existing chains, and reports chains whose gateway stopped without ending
 * them.
 */
export async function openAuditTrail(parts: TrailParts): Promise<AuditTrail> {
  const { store, clock, log } = parts;
  const chain = openOwnChain(parts);
  const queue = openQueue(chain, parts);
  const gapsOf = openGaps(parts);
  const reportGaps = async (): Promise<void> => {
    for (const gap of await gapsOf()) {
      parts.tell(gap, 'kept');
      queue.add(gap);
    }
  };
  queue.add(begun(await chainsOf(parts)));
  await reportGaps();
  await queue.flush();
  const sealing = openSealing(parts.keyring);
  await signCount(parts, sealing);
  const stopBeating = beatUntilStopped(parts, async (wasHere) => {
    await chain.beat();
    if (wasHere) await reportGaps();
  });
  const takeOver = (notes: readonly AuditNote[], held: NotePlace): void => {
    for (const note of notes) {
      const event = sealing.read(note);
      const refused = { kind: 'audit-note-refused', note: note.id } as const;
      if (!event) parts.tell(refused, 'kept');
      queue.addHeld([{ id: note.id, at: note.at, event: event ?? refused }], held);
    }
  };
  let isClosed = false;
  return {
    seal: sealing.note,
    takeOver,
    oldestMs: queue.oldestMs,
    forgetPersons: chain.forgetPersons,
    take: (event) => void (isClosed || queue.add(event)),
    chain: queue.addHeld,
    removeStored: queue.removeStored,
    async sweep() {
      const now = clock();
      const left = await store.claimNotes(now, now + noteLeaseMs, sweptAtOnce);
      takeOver(left, 'by-itself');
      return left.length;
    },
    flush: queue.flush,
    async close(last) {
      if (isClosed) return;
      if (last) queue.add(last);
      isClosed = true;
      stopBeating();
      try {
        await queue.flush();
        await chain.end();
      } catch (error) {
        log.error(thrownFields(error), 'the audit could not be ended; the next start will report a gap');
      }
      queue.stop();
    },
  };
}

const chainsOf = async ({ store }: Pick<TrailParts, 'store'>): Promise<AuditWriter[]> =>
  (await store.auditWriters()).filter(({ writer }) => writer !== chainsRow);

/** Signs the number of chains. When two begin at the same time, the later count includes both. */
async function signCount(parts: TrailParts, sealing: Sealing): Promise<void> {
  const { length } = await chainsOf(parts);
  const count = sealing.sign({ writer: chainsRow, number: length, hash: '' }, 'running');
  await parts.store.putAuditWriter({ ...count, seenAt: parts.clock(), ended: true });
}

/** The first entry of a chain. It names other chains, so that the removal of a whole chain is noticed. */
function begun(others: readonly AuditWriter[]): ChainRecord {
  const latest = others.toSorted((one, other) => other.seenAt - one.seenAt).slice(0, maxNamed);
  const after = latest.map(({ writer, number, hash }) => ({ writer, number, hash }));
  return { kind: 'audit-begun', host: hostname(), version, after };
}

type Gap = Extract<GatewayEvent, { kind: 'audit-gap' }>;

/**
 * Finds gateways that stopped without ending their chain; when several gateways look at the same time, each gap goes to
 * one of them. A chain counts if it did not grow for a minute by our own clock, since other clocks may be wrong. A
 * gateway that is alone in its store need not wait.
 */
function openGaps({ store, clock, aloneInStore }: TrailParts): () => Promise<Gap[]> {
  let seen = new Map<string, { seenAt: number; since: number }>();
  return async () => {
    const now = performance.now();
    const running = await store.auditWriters('running');
    const before = seen;
    seen = new Map(
      running.map(({ writer, seenAt }) => {
        const last = before.get(writer);
        return [writer, last?.seenAt === seenAt ? last : { seenAt, since: now }];
      }),
    );
    const silent = running.filter(({ writer }) => aloneInStore || now - (seen.get(writer)?.since ?? now) > silentMs);
    const gaps = silent.map(
      async ({ writer, seenAt }): Promise<Gap[]> =>
        (await store.endAuditWriter(writer, seenAt)) ? [{ kind: 'audit-gap', writer, from: seenAt, to: Math.max(seenAt, clock()) }] : [],
    );
    return (await Promise.all(gaps)).flat();
  };
}

/**
 * Calls `beat` repeatedly. `wasHere`: the last beat succeeded recently; a gateway that cannot reach the store must not
 * declare others dead.
 */
function beatUntilStopped({ clock, log, aloneInStore }: TrailParts, beat: (wasHere: boolean) => Promise<void>): () => void {
  let wentWellAt = 0;
  const timer = setInterval(() => {
    const now = clock();
    beat(!aloneInStore && now - wentWellAt < 2 * beatMs)
      .then(() => {
        wentWellAt = now;
      })
      .catch((error: unknown) => log.debug(thrownFields(error), 'the audit could not record that its gateway is alive'));
  }, beatMs).unref();
  return () => clearInterval(timer);
}
