import { randomBytes } from 'node:crypto';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { AuditContent, AuditEntry, Clock } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { entryAfter } from './chain.ts';
import { openPersonKeys } from './person-keys.ts';
import { type HmacKey, personsOf, veil } from './persons.ts';
import { firstLink, type Link, openSealing, type Sealing } from './sealing.ts';

/** Something that happened, and what a chain says of itself, on its way to becoming an entry. */
export type Noted = { id: string; at: number; event: AuditContent };

/** The chain of this gateway. Nobody else writes to it, and one thing is done at a time. */
export type OwnChain = {
  /** An id for what has none. */
  nextId(): string;
  /**
   * Makes entries of these notes, `batchSize` at most; returns of how many, from the first one on. A note that is an entry of another chain already counts as
   * done. After a fault it has to be called again with the same notes in front: it adds the same entries, if they are not there.
   */
  append(notes: readonly Noted[]): Promise<number>;
  /** Forgets what `append` could not add: there is no use in doing it again. */
  giveUp(): void;
  /** Says how far the chain is, and that its gateway lives. */
  beat(): Promise<void>;
  /** Signs the end, and says that it is one. */
  end(): Promise<void>;
  /** Keys of persons are not used any more; what comes next finds its own. */
  forgetPersons(): void;
};

/** So many entries are made in one go: more would hold up replies. */
export const batchSize = 100;
const checkpointEvery = 1000;

/** What a chain is written with. */
export type ChainParts = { store: AuditStore; keyring: Keyring; clock: Clock };

/** Begins a chain. */
export function openOwnChain({ store, keyring, clock }: ChainParts): OwnChain {
  const writer = `${clock().toString(36)}-${randomBytes(6).toString('hex')}`;
  const personKeys = openPersonKeys({ store, keyring, clock });
  const sealing = openSealing(keyring);
  let link: Link = firstLink(writer);
  let ids = 0;
  /** Made, and perhaps in the store. They have random keys in them: made anew they would be others. */
  let made: { notes: readonly Noted[]; entries: AuditEntry[] } | undefined;
  const nextId = (): string => {
    ids += 1;
    return `${writer}.${ids}`;
  };
  const checkpoint = (end: Link): Noted => ({
    id: nextId(),
    at: clock(),
    event: { kind: 'audit-checkpoint', ...sealing.sign(end, 'checkpoint') },
  });
  const make = async (notes: readonly Noted[]): Promise<AuditEntry[]> => {
    const keys = await personKeys.of(notes.map(({ event }) => personsOf(event)));
    const entries: AuditEntry[] = [];
    let end = link;
    const add = (note: Noted): void => {
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
  const say = (ended: boolean): Promise<void> =>
    store.putAuditWriter({ ...sealing.sign(link, ended ? 'ended' : 'running'), seenAt: clock(), ended });
  return {
    nextId,
    async append(batch) {
      made ??= { notes: batch, entries: await make(batch) };
      const { notes, entries } = made;
      const taken = await write(entries);
      made = undefined;
      return taken === undefined ? notes.length : notes.findIndex(({ id }) => id === taken) + 1;
    },
    giveUp() {
      made = undefined;
    },
    beat: () => say(false),
    async end() {
      await write(await make([checkpoint(link)]));
      await say(true);
    },
    forgetPersons: personKeys.forget,
  };
}

type Tools = { sealing: Sealing; keys: ReadonlyMap<string, HmacKey> };

function follow({ sealing, keys }: Tools, link: Link, { id, at, event }: Noted): AuditEntry {
  const { subject, actor } = personsOf(event);
  const keyOf = (person: string | undefined): HmacKey | undefined => (person === undefined ? undefined : keys.get(person));
  return entryAfter(sealing, link, { id, at, kind: event.kind }, veil(event, { subject: keyOf(subject), actor: keyOf(actor) }));
}
