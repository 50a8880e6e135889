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
import { administratorPerson, isWrittenSo, typedName, usersNamed } from './persons.ts';

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

/** Whom to erase: a user whose name is written so, in one realm or in all, or an administrator. */
export type Erased = { user: string; realm?: string | undefined } | { administrator: string };

/** In how many entries somebody was; `others` are users whose names differ in case alone, who are still there. */
export type ErasedFrom = { entries: number; others: string[] };

/**
 * Takes somebody's clear text out of all entries and throws the keys away, so that what is left tells nobody who it was. `forget` is told when the keys are
 * gone.
 */
export async function erasePerson(parts: KeepingParts & { forget(): void }, by: Actor, who: Erased): Promise<ErasedFrom> {
  const { store, tell, forget } = parts;
  const found =
    'user' in who
      ? await store.personKeysFrom(usersNamed(who.user, who.realm))
      : await store.findPersonKeys([administratorPerson(who.administrator)]);
  const meant = found.filter(({ person }) => !('user' in who) || isWrittenSo(person, who.user));
  await tell({ kind: 'audit-erased', persons: meant.map(({ id }) => id), by });
  for (const { id } of meant) await store.removePersonKey(id);
  forget();
  let entries = 0;
  for (const { id } of meant) entries += await untilNoneIsLeft(() => store.eraseClearText(id, atOnce));
  entries += await eraseTyped(store, who);
  const others = found.filter((each) => !meant.includes(each)).map(({ person }) => person.split('\n').at(-1) ?? '');
  return { entries, others: [...new Set(others)] };
}

/** Names that were typed and that nobody has: those that are written so, in the realm that is meant. */
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

/** Takes away what another gateway wrote under the key of somebody who was erased lately, before it heard of that. */
export async function eraseLate({ store, clock }: KeepingParts): Promise<void> {
  const lately = await store.listAudit({ kinds: ['audit-erased'], from: clock() - dayMs }, { limit: atOnce });
  for (const entry of lately) {
    const { persons } = fieldsOf(entry) ?? {};
    for (const id of Array.isArray(persons) ? persons.map(String) : []) await untilNoneIsLeft(() => store.eraseClearText(id, atOnce));
  }
}

async function untilNoneIsLeft(some: () => Promise<number>): Promise<number> {
  let all = 0;
  for (;;) {
    const done = await some();
    all += done;
    if (done === 0) return all;
  }
}
