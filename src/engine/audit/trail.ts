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
import { type Held, openQueue } from './queue.ts';
import { openSealing, type Sealing, type Told } from './sealing.ts';

/** Writes what happens into the chain of this gateway. */
export type AuditTrail = {
  /** Takes an event that was written with no act: it is in the store within a second, or is lost if the gateway dies. */
  take(event: GatewayEvent): void;
  /** Seals what is told of an act, to be written with it. */
  seal(told: Told): AuditNote;
  /** Takes what was written with an act, and takes its note off where it stands once it is an entry. */
  chain(told: readonly Told[], held: Held): void;
  /** The same for notes that another gateway left; one that no gateway wrote becomes an entry that says so. */
  takeOver(notes: readonly AuditNote[], held: Held): void;
  /** Takes these effects of a transaction off with its notes, in one write. */
  takeOff(transaction: string, effects: readonly string[]): void;
  /** Takes over notes that a crash left by themselves; returns how many. */
  sweep(): Promise<number>;
  /** How long the oldest of what was taken has waited (ms). */
  oldestMs(): number;
  /** Keys of persons are not used any more. */
  forgetPersons(): void;
  /** Resolves when all that was taken so far is in the store. Throws what the store throws. */
  flush(): Promise<void>;
  /** Writes what is left and ends the chain, with this as its last event. What cannot be written is logged. */
  close(last?: GatewayEvent): Promise<void>;
};

/** What a trail is written with. `aloneInStore`: no other gateway can have this store open. `room`: how much waits for the store at most. */
export type TrailParts = { store: Store; keyring: Keyring; clock: Clock; log: Log; tell: Tell; aloneInStore: boolean; room?: number };

/** The name under which it stands, signed, how many chains there are. */
export const chainsRow = 'chains';

const beatMs = 10_000;
/** A gateway that was silent so long is taken for dead. */
const silentMs = 60_000;
const mostNamed = 20;
const sweptAtOnce = 500;

/** Begins a chain, which names the chains that it found, and tells of those whose gateway went without a word. */
export async function openAuditTrail(parts: TrailParts): Promise<AuditTrail> {
  const { store, clock, log } = parts;
  const chain = openOwnChain(parts);
  const queue = openQueue(chain, parts);
  const gapsOf = openGaps(parts);
  const tellGaps = async (): Promise<void> => {
    for (const gap of await gapsOf()) {
      parts.tell(gap, 'kept');
      queue.add(gap);
    }
  };
  queue.add(begun(await chainsOf(parts)));
  await tellGaps();
  await queue.flush();
  const sealing = openSealing(parts.keyring);
  await signCount(parts, sealing);
  const stopBeating = beatUntilStopped(parts, async (wasHere) => {
    await chain.beat();
    if (wasHere) await tellGaps();
  });
  const takeOver = (notes: readonly AuditNote[], held: Held): void => {
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
    takeOff: queue.takeOff,
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
        log.error(thrownFields(error), 'the audit could not be ended; the next start tells of a gap');
      }
      queue.stop();
    },
  };
}

const chainsOf = async ({ store }: Pick<TrailParts, 'store'>): Promise<AuditWriter[]> =>
  (await store.auditWriters()).filter(({ writer }) => writer !== chainsRow);

/** Signs how many chains there are. Of two that begin at once the later one may sign for both. */
async function signCount(parts: TrailParts, sealing: Sealing): Promise<void> {
  const { length } = await chainsOf(parts);
  const count = sealing.sign({ writer: chainsRow, number: length, hash: '' }, 'running');
  await parts.store.putAuditWriter({ ...count, seenAt: parts.clock(), ended: true });
}

/** The first entry of a chain. Whoever takes away a whole chain is found out by those that name it. */
function begun(others: readonly AuditWriter[]): ChainRecord {
  const latest = others.toSorted((one, other) => other.seenAt - one.seenAt).slice(0, mostNamed);
  const after = latest.map(({ writer, number, hash }) => ({ writer, number, hash }));
  return { kind: 'audit-begun', host: hostname(), version, after };
}

type Gap = Extract<GatewayEvent, { kind: 'audit-gap' }>;

/**
 * Finds gateways that went without a word; of several that look at the same time, one is given each. A chain that did not move for a minute by our own clock is
 * one of those: the others' clocks may go wrong. Who is alone in the store need not wait.
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

/** Calls `beat` again and again. `wasHere`: the one before it went well, a short time ago; who cannot reach the store must not judge others by it. */
function beatUntilStopped({ clock, log, aloneInStore }: TrailParts, beat: (wasHere: boolean) => Promise<void>): () => void {
  let wentWellAt = 0;
  const timer = setInterval(() => {
    const now = clock();
    beat(!aloneInStore && now - wentWellAt < 2 * beatMs)
      .then(() => {
        wentWellAt = now;
      })
      .catch((error: unknown) => log.debug(thrownFields(error), 'the audit could not say that its gateway lives'));
  }, beatMs).unref();
  return () => clearInterval(timer);
}
