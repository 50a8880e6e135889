import { randomBytes } from 'node:crypto';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { AuditContent, AuditEntry, Clock } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { entryAfter } from './chain.ts';
import { openPersonKeys } from './person-keys.ts';
import { type HmacKey, personsOf, pseudonymize } from './persons.ts';
import { firstLink, type Link, openSealing, type Sealing } from './sealing.ts';

/** An event, or a record of the chain about itself, on its way to becoming an entry. */
export type PendingEntry = { id: string; at: number; event: AuditContent };

/** The chain of this gateway. Only this gateway writes to it, one operation at a time. */
export type OwnChain = {
  /** A new id for an event without one. */
  nextId(): string;
  /**
   * Appends entries for the first `batchSize` of these notes at most, and returns their number. A note that is already
   * an entry of another chain counts as done. After a fault, call it again with the same notes first: it adds the same
   * entries if they are missing.
   */
  append(notes: readonly PendingEntry[]): Promise<number>;
  /** Drops the entries that `append` could not add, when a repetition is useless. */
  giveUp(): void;
  /** Records the length of the chain and that its gateway is alive. */
  beat(): Promise<void>;
  /** Signs and marks the end of the chain. */
  end(): Promise<void>;
  /** Discards the cached keys of persons. */
  forgetPersons(): void;
};

/** Most entries per append; more would delay replies. */
export const batchSize = 100;
const checkpointEvery = 1000;

/** The parts that a chain is written with. */
export type ChainParts = { store: AuditStore; keyring: Keyring; clock: Clock };

/** Begins a chain. */
export function openOwnChain({ store, keyring, clock }: ChainParts): OwnChain {
  const writer = `${clock().toString(36)}-${randomBytes(6).toString('hex')}`;
  const personKeys = openPersonKeys({ store, keyring, clock });
  const sealing = openSealing(keyring);
  let link: Link = firstLink(writer);
  let ids = 0;
  /** The entries in progress, perhaps already stored. They contain random keys, so they must not be made twice. */
  let inProgress: { notes: readonly PendingEntry[]; entries: AuditEntry[] } | undefined;
  const nextId = (): string => {
    ids += 1;
    return `${writer}.${ids}`;
  };
  const checkpoint = (end: Link): PendingEntry => ({
    id: nextId(),
    at: clock(),
    event: { kind: 'audit-checkpoint', ...sealing.sign(end, 'checkpoint') },
  });
  const make = async (notes: readonly PendingEntry[]): Promise<AuditEntry[]> => {
    const keys = await personKeys.of(notes.map(({ event }) => personsOf(event)));
    const entries: AuditEntry[] = [];
    let end = link;
    const add = (note: PendingEntry): void => {
      const entry = follow({ sealing, keys }, end, note);
      entries.push(entry);
      end = { writer, number: entry.number, hash: entry.hash };
    };
    for (const note of notes) {
      add(note);
      if (end.number % checkpointEvery === 0) add(checkpoint(end));
    }
    return entries;
  };
  const write = async (entries: readonly AuditEntry[]): Promise<string | undefined> => {
    const taken = await store.appendAudit(entries);
    const last = taken === undefined ? entries.at(-1) : entries[entries.findIndex(({ id }) => id === taken) - 1];
    if (last) link = { writer, number: last.number, hash: last.hash };
    return taken;
  };
  const putMark = (ended: boolean): Promise<void> =>
    store.putAuditWriter({ ...sealing.sign(link, ended ? 'ended' : 'running'), seenAt: clock(), ended });
  return {
    nextId,
    async append(batch) {
      inProgress ??= { notes: batch, entries: await make(batch) };
      const { notes, entries } = inProgress;
      const taken = await write(entries);
      inProgress = undefined;
      return taken === undefined ? notes.length : notes.findIndex(({ id }) => id === taken) + 1;
    },
    giveUp() {
      inProgress = undefined;
    },
    beat: () => putMark(false),
    async end() {
      await write(await make([checkpoint(link)]));
      await putMark(true);
    },
    forgetPersons: personKeys.forget,
  };
}

type Tools = { sealing: Sealing; keys: ReadonlyMap<string, HmacKey> };

function follow({ sealing, keys }: Tools, link: Link, { id, at, event }: PendingEntry): AuditEntry {
  const { subject, actor } = personsOf(event);
  const keyOf = (person: string | undefined): HmacKey | undefined => (person === undefined ? undefined : keys.get(person));
  return entryAfter(sealing, link, { id, at, kind: event.kind }, pseudonymize(event, { subject: keyOf(subject), actor: keyOf(actor) }));
}
