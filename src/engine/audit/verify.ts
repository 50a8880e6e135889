import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type AuditEntry, type AuditWriter, parseJson, record, records } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { fieldsOf, matchesDigest, searchFieldsOf } from './chain.ts';
import type { PersonKeys } from './person-keys.ts';
import { compareClear, type Fields, typedName } from './persons.ts';
import { firstLink, type Link, type Sealing } from './sealing.ts';
import { chainsRow } from './trail.ts';

/** The first problem found; `entry` is the id of the entry concerned, if any. */
export type AuditProblem = { writer: string; number: number; entry?: string; what: string };

/**
 * The result of checking the whole audit. `expired` entries have only their hashes left; `erased` entries lack clear
 * text.
 */
export type AuditVerified = {
  chains: number;
  entries: number;
  checkpoints: number;
  expired: number;
  erased: number;
  problem?: AuditProblem;
};

type VerifyParts = { store: AuditStore; sealing: Sealing; personKeys: PersonKeys };

/** Entries per page. Other requests run between pages. */
const pageSize = 50;
/** How long after an erasure (ms) another gateway may still write under the deleted key. */
const lateMs = 60_000;

/** Reads every chain from its first entry to its signed end, and checks that missing content was removed by a rule. */
export async function verifyAudit(parts: VerifyParts): Promise<AuditVerified> {
  const findings = openFindings();
  const writers = (await parts.store.auditWriters()).filter(({ writer }) => writer !== chainsRow);
  const problem =
    (await problemOfChains(parts, writers)) ??
    (await firstOf(writers, (each) => problemOfChain(parts, each, findings))) ??
    findings.unexplained();
  return problem ? { ...findings.counts, problem } : findings.counts;
}

async function firstOf<T>(all: readonly T[], look: (one: T) => Promise<AuditProblem | undefined>): Promise<AuditProblem | undefined> {
  for (const one of all) {
    const problem = await look(one);
    if (problem) return problem;
  }
  return undefined;
}

/** Checks that the number of chains is the signed one, and that every chain is signed. */
async function problemOfChains({ store, sealing }: VerifyParts, writers: readonly AuditWriter[]): Promise<AuditProblem | undefined> {
  const known = new Set(writers.map(({ writer }) => writer));
  const stranger = (await store.auditWriterNames()).find((writer) => !known.has(writer));
  if (stranger !== undefined) return { writer: stranger, number: 1, what: 'this chain is not signed, or its signed end was removed' };
  const row = (await store.auditWriters()).find(({ writer }) => writer === chainsRow);
  if (!row) return writers.length === 0 ? undefined : { writer: chainsRow, number: 0, what: 'the signed number of chains was removed' };
  if (!sealing.isSigned(row, 'running'))
    return { writer: chainsRow, number: row.number, what: 'the number of chains is not signed by this keyring' };
  return row.number > writers.length ? { writer: chainsRow, number: row.number, what: 'a chain was removed' } : undefined;
}

type Place = { at: number; problem: AuditProblem };

/** Collects what is missing, and what the audit itself says about removals. */
function openFindings() {
  const counts = { chains: 0, entries: 0, checkpoints: 0, expired: 0, erased: 0 };
  const expired = new Map<string, Place>();
  const expiredBefore = new Map<string, number>();
  const erasedAt = new Map<string, number>();
  const missing = new Map<string, Place>();
  const uncheckable = new Map<string, Place>();
  /** Keeps the first problem, for the report, and the latest time, for the decision. */
  const add = (places: Map<string, Place>, key: string, { at, problem }: Place): void => {
    const first = places.get(key);
    places.set(key, first ? { at: Math.max(at, first.at), problem: first.problem } : { at, problem });
  };
  return {
    counts,
    /** Notes what a verified entry says about the audit itself. */
    learn(entry: AuditEntry, fields: Fields): void {
      if (entry.kind === 'audit-expired' && Array.isArray(fields.kinds))
        for (const kind of fields.kinds.map(String)) expiredBefore.set(kind, Math.max(expiredBefore.get(kind) ?? 0, Number(fields.before)));
      if (entry.kind === 'audit-erased')
        for (const id of ['', ...texts(fields.persons)]) erasedAt.set(id, Math.max(erasedAt.get(id) ?? 0, entry.at));
    },
    isExpired(entry: AuditEntry, problem: AuditProblem): void {
      counts.expired += 1;
      add(expired, entry.kind, { at: entry.at, problem });
    },
    /** Notes missing clear text: the ids of the keys, '' for a typed name. */
    isErased(ids: readonly string[], at: number, problem: AuditProblem): void {
      counts.erased += 1;
      for (const id of ids) add(missing, id, { at, problem });
    },
    isUncheckable: (id: string, at: number, problem: AuditProblem): void => add(uncheckable, id, { at, problem }),
    unexplained(): AuditProblem | undefined {
      const gone = [...expired].find(([kind, { at }]) => at >= (expiredBefore.get(kind) ?? 0))?.[1];
      if (gone) return { ...gone.problem, what: 'the content was removed before its retention time was over' };
      const nameless = [...missing].find(([id]) => !erasedAt.has(id))?.[1];
      if (nameless) return { ...nameless.problem, what: 'clear text was removed without an erasure' };
      const claimed = [...uncheckable].find(
        ([id, { at }]) => at > (erasedAt.get(id) ?? Number.NEGATIVE_INFINITY) + lateMs || !erasedAt.has(id),
      )?.[1];
      return claimed && { ...claimed.problem, what: 'the key for checking the clear text was removed' };
    },
  };
}
type Findings = ReturnType<typeof openFindings>;

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

async function problemOfChain(parts: VerifyParts, head: AuditWriter, findings: Findings): Promise<AuditProblem | undefined> {
  findings.counts.chains += 1;
  let link: Link = firstLink(head.writer);
  const isEnd = head.ended && parts.sealing.isSigned(head, 'ended');
  if (!isEnd && !parts.sealing.isSigned(head, 'running')) return problemAt(head, 'the end of the chain is not signed by this keyring');
  for (;;) {
    const page = await parts.store.auditChain(head.writer, link.number, pageSize);
    const keyOf = await keysOf(parts, page);
    for (const entry of page) {
      if (entry.number !== link.number + 1) return problemAt({ writer: head.writer, number: link.number + 1 }, 'an entry is missing');
      const wrong = entryProblem(parts, { link, entry, keyOf }, findings) ?? (await markProblem(parts, entry, findings));
      if (wrong !== undefined) return problemOf(entry, wrong);
      link = { writer: head.writer, number: entry.number, hash: entry.hash };
      if (entry.number === head.number && entry.hash !== head.hash)
        return problemOf(entry, 'the hash differs from the one that its gateway signed');
      if (isEnd && entry.number > head.number) return problemOf(entry, 'the entry was added after the end of its chain');
    }
    if (page.length < pageSize) break;
    await nextTurn();
  }
  return link.number < head.number ? problemAt({ ...head, number: link.number + 1 }, 'entries at the end are missing') : undefined;
}

const problemAt = ({ writer, number }: Pick<AuditProblem, 'writer' | 'number'>, what: string): AuditProblem => ({ writer, number, what });
const problemOf = ({ writer, number, id }: AuditEntry, what = ''): AuditProblem => ({ writer, number, entry: id, what });

type KeyOf = (id: string) => KeyObject | undefined;

async function keysOf({ store, personKeys }: VerifyParts, page: readonly AuditEntry[]): Promise<KeyOf> {
  const ids = new Set(page.flatMap(({ subject, actor }) => [subject, actor]).filter((id) => id !== undefined));
  const keys = new Map((await store.personKeysOf([...ids])).map((found) => [found.id, personKeys.open(found)?.key]));
  return (id) => keys.get(id);
}

type Found = { link: Link; entry: AuditEntry; keyOf: KeyOf };

function entryProblem({ sealing }: VerifyParts, { link, entry, keyOf }: Found, findings: Findings): string | undefined {
  findings.counts.entries += 1;
  if (!sealing.isHash(link.hash, entry)) return 'the entry or an earlier one was changed';
  const fields = fieldsOf(entry);
  if (!fields) {
    findings.isExpired(entry, problemOf(entry));
    return undefined;
  }
  if (!matchesDigest(entry) || fields.kind !== entry.kind) return 'the content was changed';
  const { act, authServer, transaction, serials, subject, actor } = entry;
  const shown = Object.fromEntries(
    Object.entries({ act, authServer, transaction, serials, subject, actor }).filter(([, value]) => value !== undefined),
  );
  if (!isDeepStrictEqual(shown, searchFieldsOf(fields))) return 'the search fields were changed';
  findings.learn(entry, fields);
  return clearTextProblem(entry, fields, { keyOf, findings });
}

function clearTextProblem(
  entry: AuditEntry,
  fields: Fields,
  { keyOf, findings }: { keyOf: KeyOf; findings: Findings },
): string | undefined {
  const idOf = { subject: entry.subject, actor: entry.actor };
  const { missing, uncheckable, wrong } = compareClear(fields, entry.clear, (whose) => keyOf(idOf[whose] ?? ''));
  if (wrong !== undefined) return `the clear text of ${wrong} was changed`;
  const own = record(parseJson(entry.clear?.own ?? ''));
  const [path] = ['user', 'administrator', 'account'].filter((each) => typeof own[each] === 'string');
  if (entry.typed !== (path && typedName(path, String(own[path])))) return 'the search fields were changed';
  if (missing.length > 0)
    findings.isErased(
      missing.map((whose) => idOf[whose] ?? ''),
      entry.at,
      problemOf(entry),
    );
  for (const whose of uncheckable) findings.isUncheckable(idOf[whose] ?? '', entry.at, problemOf(entry));
  return undefined;
}

/** Checks a checkpoint's signature, and that the chains named at the beginning of a chain still exist unchanged. */
async function markProblem({ store, sealing }: VerifyParts, entry: AuditEntry, { counts }: Findings): Promise<string | undefined> {
  const fields = fieldsOf(entry) ?? {};
  if (entry.kind === 'audit-checkpoint') {
    counts.checkpoints += 1;
    const { writer, hash, signature } = fields;
    const mark = { writer: String(writer), number: Number(fields.number), hash: String(hash), signature: String(signature) };
    return sealing.isSigned(mark, 'checkpoint') && mark.writer === entry.writer
      ? undefined
      : 'the checkpoint is not signed by this keyring';
  }
  if (entry.kind !== 'audit-begun') return undefined;
  for (const { writer, number, hash } of records(fields.after)) {
    const [there] = number === 0 ? [] : await store.auditChain(String(writer), Number(number) - 1, 1);
    if (number !== 0 && there?.hash !== hash) return `the chain ${String(writer)}, which existed when this one began, was changed`;
  }
  return undefined;
}
