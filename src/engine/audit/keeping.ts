import {
  type Actor,
  type AuditEntry,
  auditKinds,
  type Clock,
  foldedRealm,
  type GatewayEvent,
  isOfAudit,
  mappedName,
  parseJson,
  record,
} from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { fieldsOf } from './chain.ts';
import { administratorPerson, hasExactName, typedName, usersNamed } from './persons.ts';

/** How many days entries keep their content, in general and by kind. 0: forever. */
export type KeepDays = { days: number; byKind: Readonly<Partial<Record<string, number>>> };

const dayMs = 24 * 60 * 60_000;
const atOnce = 500;

/**
 * `tell` resolves when the event is in the store, because content that disappears without an entry would look like
 * tampering.
 */
type KeepingParts = { store: AuditStore; clock: Clock; tell(event: GatewayEvent): Promise<void> };

/**
 * Removes the content of entries after their retention time, and records that. Entries about the audit itself keep
 * theirs.
 */
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
    await untilNoneLeft(() => store.expireAudit(kinds, before, atOnce));
  }
}

/** The person to erase: a user by exact name in one realm or in all, or an administrator. */
export type Erased = { user: string; realm?: string | undefined } | { administrator: string };

/** The number of entries that named the person; `others` are users whose names differ only in case, and who stay. */
export type ErasedFrom = { entries: number; others: string[] };

/**
 * Removes a person's clear text from all entries and deletes the keys, so that the rest no longer identifies anyone.
 * Calls `forget` when the keys are deleted.
 */
export async function erasePerson(parts: KeepingParts & { forget(): void }, by: Actor, who: Erased): Promise<ErasedFrom> {
  const { store, tell, forget } = parts;
  const found =
    'user' in who
      ? await store.personKeysFrom(usersNamed(who.user, who.realm))
      : await store.findPersonKeys([administratorPerson(who.administrator)]);
  const meant = found.filter(({ person }) => !('user' in who) || hasExactName(person, who.user));
  await tell({ kind: 'audit-erased', persons: meant.map(({ id }) => id), by });
  for (const { id } of meant) await store.removePersonKey(id);
  forget();
  let entries = 0;
  for (const { id } of meant) entries += await untilNoneLeft(() => store.eraseClearText(id, atOnce));
  entries += await eraseTyped(store, who);
  const others = found.filter((each) => !meant.includes(each)).map(({ person }) => person.split('\n').at(-1) ?? '');
  return { entries, others: [...new Set(others)] };
}

/** Erases a typed name that belongs to no user, where it is written the same and in the given realm. */
async function eraseTyped(store: AuditStore, who: Erased): Promise<number> {
  const typed = 'user' in who ? typedName('user', who.user) : administratorPerson(who.administrator);
  let count = 0;
  for (let after: AuditEntry | undefined; ; ) {
    const page = await store.listAudit({ typed }, { limit: atOnce, after });
    const meant = page.filter((entry) => isMeant(entry, who)).map(({ id }) => id);
    if (meant.length > 0) await store.eraseTyped(meant);
    count += meant.length;
    after = page.at(-1);
    if (page.length < atOnce) return count;
  }
}

function isMeant(entry: AuditEntry, who: Erased): boolean {
  if (!('user' in who)) return true;
  const { user } = record(parseJson(entry.clear?.own ?? ''));
  const { realm } = fieldsOf(entry) ?? {};
  const isThere = who.realm === undefined || foldedRealm(String(realm)) === foldedRealm(who.realm);
  return isThere && mappedName(String(user)) === mappedName(who.user);
}

/** Erases what other gateways wrote under the key of a recently erased person before they learned of it. */
export async function eraseLate({ store, clock }: KeepingParts): Promise<void> {
  const lately = await store.listAudit({ kinds: ['audit-erased'], from: clock() - dayMs }, { limit: atOnce });
  for (const entry of lately) {
    const { persons } = fieldsOf(entry) ?? {};
    for (const id of Array.isArray(persons) ? persons.map(String) : []) await untilNoneLeft(() => store.eraseClearText(id, atOnce));
  }
}

async function untilNoneLeft(some: () => Promise<number>): Promise<number> {
  let all = 0;
  for (;;) {
    const done = await some();
    all += done;
    if (done === 0) return all;
  }
}
