import { type Actor, auditKinds, type Clock, foldedName, type GatewayEvent, isOfAudit } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { personsNamed } from './reading.ts';

/** How many days entries keep their content: those of all kinds, and of single ones. 0: for good. */
export type KeepDays = { days: number; byKind: Readonly<Partial<Record<string, number>>> };

const dayMs = 24 * 60 * 60_000;
const atOnce = 500;

/** `tell` resolves when the event is in the store: what goes without a word would look as if somebody had taken it. */
type KeepingParts = { store: AuditStore; clock: Clock; tell(event: GatewayEvent): Promise<void> };

/** Takes the content of entries whose time is over, and tells of it in the audit. What tells of the audit itself stays. */
export async function expireEntries({ store, clock, tell }: KeepingParts, { days, byKind }: KeepDays): Promise<void> {
  const kindsByDays = Map.groupBy(
    auditKinds.filter((kind) => !isOfAudit(kind)),
    (kind) => byKind[kind] ?? days,
  );
  for (const [kept, kinds] of kindsByDays) {
    if (kept === 0) continue;
    const before = clock() - kept * dayMs;
    const count = await store.countAudit({ kinds, until: before, hasContent: true });
    if (count === 0) continue;
    await tell({ kind: 'audit-expired', kinds, before, count });
    await untilNoneIsLeft(() => store.expireAudit(kinds, before, atOnce));
  }
}

/** Whom to erase: a user of one realm, or of all. */
export type Erased = { user: string; realm?: string | undefined };

/**
 * Takes a user's clear text out of all entries and throws the key away, so that what is left tells nobody who it was; returns in how many entries. Where no
 * realm is named, an administrator of this name is erased too.
 */
export async function erasePerson({ store, clock, tell }: KeepingParts, by: Actor, { user, realm }: Erased): Promise<number> {
  // What comes later is told of by no entry.
  const until = clock() + 1;
  await tell({ kind: 'audit-erased', by });
  let count = 0;
  for (const { id } of await personsNamed(store, user, realm)) {
    await store.removePersonKey(id);
    count += await untilNoneIsLeft(() => store.eraseClearText({ person: id }, Number.POSITIVE_INFINITY, atOnce));
  }
  return count + (await untilNoneIsLeft(() => store.eraseClearText({ typed: foldedName(user) }, until, atOnce)));
}

async function untilNoneIsLeft(some: () => Promise<number>): Promise<number> {
  let all = 0;
  for (;;) {
    const done = await some();
    all += done;
    if (done === 0) return all;
  }
}
