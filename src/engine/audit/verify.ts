import { isDeepStrictEqual } from 'node:util';
import type { Keyring } from '../../foundation/keyring/index.ts';
import { type AuditEntry, type AuditWriter, foldedName, parseJson, record, records } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { chainHash, fieldsOf, firstLink, isAsDigested, isSigned, type Link, searchedBy } from './chain.ts';
import type { PersonKeys } from './person-keys.ts';
import { compareClear, type Fields } from './persons.ts';

/** The first thing that is not as it was written: `entry` is the id of an entry, where it is about one. */
export type AuditProblem = { writer: string; number: number; entry?: string; what: string };

/** What a look at the whole audit found. `expired` entries have only their hashes left, `erased` ones lack clear text. */
export type AuditVerified = {
  chains: number;
  entries: number;
  checkpoints: number;
  expired: number;
  erased: number;
  problem?: AuditProblem;
};

type VerifyParts = { store: AuditStore; keyring: Keyring; personKeys: PersonKeys };

/** Each page holds up the others for a moment. */
const pageSize = 100;

/** Reads every chain from its first entry to its signed end. */
export async function verifyAudit(parts: VerifyParts): Promise<AuditVerified> {
  const counts = { chains: 0, entries: 0, checkpoints: 0, expired: 0, erased: 0 };
  const excuses = await excusesOf(parts);
  const writers = await parts.store.auditWriters();
  for (const writer of writers) {
    counts.chains += 1;
    const problem = await problemOfChain(parts, writer, { counts, excuses });
    if (problem) return { ...counts, problem };
  }
  return counts;
}

/** What may be missing, as the audit itself tells: content of kinds from before a moment, and clear text from before the last erasing. */
type Excuses = { expiredBefore: ReadonlyMap<string, number>; erasedUntil: number };
type Looking = { counts: Omit<AuditVerified, 'problem'>; excuses: Excuses };

async function excusesOf({ store }: VerifyParts): Promise<Excuses> {
  const expiredBefore = new Map<string, number>();
  for (let after: AuditEntry | undefined; ; ) {
    const found = await store.listAudit({ kinds: ['audit-expired'] }, { limit: pageSize, after });
    for (const entry of found) {
      const { kinds, before } = fieldsOf(entry) ?? {};
      for (const kind of Array.isArray(kinds) ? kinds.map(String) : [])
        expiredBefore.set(kind, Math.max(expiredBefore.get(kind) ?? 0, Number(before)));
    }
    after = found.at(-1);
    if (found.length < pageSize) break;
  }
  const [erasing] = await store.listAudit({ kinds: ['audit-erased'] }, { limit: 1 });
  return { expiredBefore, erasedUntil: erasing?.at ?? 0 };
}

async function problemOfChain(parts: VerifyParts, head: AuditWriter, looking: Looking): Promise<AuditProblem | undefined> {
  let link: Link = firstLink(head.writer);
  const problem = (what: string, entry?: AuditEntry): AuditProblem => ({
    writer: head.writer,
    number: entry?.number ?? link.number + 1,
    ...(entry ? { entry: entry.id } : {}),
    what,
  });
  let isHeadSeen = head.number === 0;
  for (;;) {
    const page = await parts.store.auditChain(head.writer, link.number, pageSize);
    const keyOf = await keysOf(parts, page);
    for (const entry of page) {
      if (entry.number !== link.number + 1) return problem('an entry is missing');
      const wrong = wrongIn(link, entry, { ...looking, keyOf }) ?? (await wrongMark(parts, entry, looking));
      if (wrong !== undefined) return problem(wrong, entry);
      link = { writer: head.writer, number: entry.number, hash: entry.hash };
      if (entry.number === head.number) {
        isHeadSeen = true;
        if (entry.hash !== head.hash) return problem('the hash is not the one that its gateway signed', entry);
      }
    }
    if (page.length < pageSize) break;
  }
  if (!isSigned(parts.keyring, head)) return problem('the end of the chain is not signed by this keyring');
  return isHeadSeen ? undefined : problem('entries at the end are missing');
}

type KeyOf = (id: string) => Buffer | undefined;

async function keysOf({ store, personKeys }: VerifyParts, page: readonly AuditEntry[]): Promise<KeyOf> {
  const ids = new Set(page.flatMap(({ subject, actor }) => [subject, actor]).filter((id) => id !== undefined));
  const keys = new Map((await store.personKeysOf([...ids])).map((found) => [found.id, personKeys.open(found).key]));
  return (id) => keys.get(id);
}

function wrongIn(link: Link, entry: AuditEntry, { counts, excuses, keyOf }: Looking & { keyOf: KeyOf }): string | undefined {
  counts.entries += 1;
  if (chainHash(link.hash, entry) !== entry.hash) return 'the entry is not the one that was written, or one before it was changed';
  const fields = fieldsOf(entry);
  if (!fields) {
    counts.expired += 1;
    return entry.at < (excuses.expiredBefore.get(entry.kind) ?? 0) ? undefined : 'the content is gone before its time was over';
  }
  if (!isAsDigested(entry) || fields.kind !== entry.kind) return 'the content was changed';
  const { act, authServer, transaction, serials, subject, actor } = entry;
  const shown = Object.fromEntries(
    Object.entries({ act, authServer, transaction, serials, subject, actor }).filter(([, value]) => value !== undefined),
  );
  if (!isDeepStrictEqual(shown, searchedBy(fields))) return 'what the entry is found by was changed';
  return wrongText(entry, fields, { counts, excuses, keyOf });
}

function wrongText(entry: AuditEntry, fields: Fields, { counts, excuses, keyOf }: Looking & { keyOf: KeyOf }): string | undefined {
  const idOf = { subject: entry.subject, actor: entry.actor };
  const { missing, wrong } = compareClear(fields, entry.clear, (whose) => keyOf(idOf[whose] ?? ''));
  if (wrong !== undefined) return `the clear text of ${wrong} was changed`;
  const own = record(parseJson(entry.clear?.own ?? ''));
  const name = own.user ?? own.administrator ?? own.account;
  if (name !== undefined && entry.typed !== foldedName(String(name))) return 'what the entry is found by was changed';
  if (missing.length === 0) return undefined;
  counts.erased += 1;
  const isExcused = missing.every((whose) => {
    const id = idOf[whose];
    return id === undefined ? entry.at <= excuses.erasedUntil : keyOf(id) === undefined;
  });
  return isExcused ? undefined : 'clear text is gone, but nobody had it erased';
}

/** A checkpoint is signed, and what a chain found at its beginning is still there. */
async function wrongMark({ store, keyring }: VerifyParts, entry: AuditEntry, { counts }: Looking): Promise<string | undefined> {
  const fields = fieldsOf(entry) ?? {};
  if (entry.kind === 'audit-checkpoint') {
    counts.checkpoints += 1;
    const mark = {
      writer: String(fields.writer),
      number: Number(fields.number),
      hash: String(fields.hash),
      signature: String(fields.signature),
    };
    return isSigned(keyring, mark) && mark.writer === entry.writer ? undefined : 'the checkpoint is not signed by this keyring';
  }
  if (entry.kind !== 'audit-begun') return undefined;
  for (const { writer, number, hash } of records(fields.after)) {
    const [there] = number === 0 ? [] : await store.auditChain(String(writer), Number(number) - 1, 1);
    if (number !== 0 && there?.hash !== hash) return `the chain ${String(writer)}, which was there when this one began, is not as it was`;
  }
  return undefined;
}
