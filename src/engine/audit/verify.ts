import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type AuditEntry, type AuditWriter, parseJson, record, records } from '../../foundation/model/index.ts';
import type { AuditStore } from '../../store/store.ts';
import { fieldsOf, isAsDigested, searchedBy } from './chain.ts';
import type { PersonKeys } from './person-keys.ts';
import { compareClear, type Fields, typedName } from './persons.ts';
import { firstLink, type Link, type Sealing } from './sealing.ts';
import { chainsRow } from './trail.ts';

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

type VerifyParts = { store: AuditStore; sealing: Sealing; personKeys: PersonKeys };

/** Each page holds up the others for a moment. */
const pageSize = 50;
/** So long after somebody was erased another gateway may still write under the key. */
const lateMs = 60_000;

/** Reads every chain from its first entry to its signed end, and looks whether what is missing was taken away by a rule. */
export async function verifyAudit(parts: VerifyParts): Promise<AuditVerified> {
  const looking = openLooking();
  const writers = (await parts.store.auditWriters()).filter(({ writer }) => writer !== chainsRow);
  const problem =
    (await problemOfChains(parts, writers)) ??
    (await firstOf(writers, (each) => problemOfChain(parts, each, looking))) ??
    looking.unexcused();
  return problem ? { ...looking.counts, problem } : looking.counts;
}

async function firstOf<T>(all: readonly T[], look: (one: T) => Promise<AuditProblem | undefined>): Promise<AuditProblem | undefined> {
  for (const one of all) {
    const problem = await look(one);
    if (problem) return problem;
  }
  return undefined;
}

/** Whether there are as many chains as were signed, and none that nobody signed. */
async function problemOfChains({ store, sealing }: VerifyParts, writers: readonly AuditWriter[]): Promise<AuditProblem | undefined> {
  const known = new Set(writers.map(({ writer }) => writer));
  const stranger = (await store.auditWriterNames()).find((writer) => !known.has(writer));
  if (stranger !== undefined) return { writer: stranger, number: 1, what: 'nobody signed this chain, or its end was taken away' };
  const row = (await store.auditWriters()).find(({ writer }) => writer === chainsRow);
  if (!row) return writers.length === 0 ? undefined : { writer: chainsRow, number: 0, what: 'the count of the chains was taken away' };
  if (!sealing.isSigned(row, 'running'))
    return { writer: chainsRow, number: row.number, what: 'the count of the chains is not signed by this keyring' };
  return row.number > writers.length ? { writer: chainsRow, number: row.number, what: 'a chain was taken away' } : undefined;
}

type Place = { at: number; problem: AuditProblem };

/** What is gone, and what the audit itself tells of what may be gone. */
function openLooking() {
  const counts = { chains: 0, entries: 0, checkpoints: 0, expired: 0, erased: 0 };
  const expired = new Map<string, Place>();
  const expiredBefore = new Map<string, number>();
  const erasedAt = new Map<string, number>();
  const missing = new Map<string, Place>();
  const unheld = new Map<string, Place>();
  /** The first of them is told of, the latest decides. */
  const add = (places: Map<string, Place>, key: string, { at, problem }: Place): void => {
    const first = places.get(key);
    places.set(key, first ? { at: Math.max(at, first.at), problem: first.problem } : { at, problem });
  };
  return {
    counts,
    /** What a verified entry tells of the audit itself. */
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
    /** Clear text of these is gone: ids of keys, and nothing for a name that was only typed. */
    isErased(ids: readonly string[], at: number, problem: AuditProblem): void {
      counts.erased += 1;
      for (const id of ids) add(missing, id, { at, problem });
    },
    isUnheld: (id: string, at: number, problem: AuditProblem): void => add(unheld, id, { at, problem }),
    unexcused(): AuditProblem | undefined {
      const gone = [...expired].find(([kind, { at }]) => at >= (expiredBefore.get(kind) ?? 0))?.[1];
      if (gone) return { ...gone.problem, what: 'the content is gone before its time was over' };
      const nameless = [...missing].find(([id]) => !erasedAt.has(id))?.[1];
      if (nameless) return { ...nameless.problem, what: 'clear text is gone, but nobody had it erased' };
      const claimed = [...unheld].find(
        ([id, { at }]) => at > (erasedAt.get(id) ?? Number.NEGATIVE_INFINITY) + lateMs || !erasedAt.has(id),
      )?.[1];
      return claimed && { ...claimed.problem, what: 'the key that the clear text is held against was taken away' };
    },
  };
}
type Looking = ReturnType<typeof openLooking>;

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

async function problemOfChain(parts: VerifyParts, head: AuditWriter, looking: Looking): Promise<AuditProblem | undefined> {
  looking.counts.chains += 1;
  let link: Link = firstLink(head.writer);
  const isEnd = head.ended && parts.sealing.isSigned(head, 'ended');
  if (!isEnd && !parts.sealing.isSigned(head, 'running')) return problemAt(head, 'the end of the chain is not signed by this keyring');
  for (;;) {
    const page = await parts.store.auditChain(head.writer, link.number, pageSize);
    const keyOf = await keysOf(parts, page);
    for (const entry of page) {
      if (entry.number !== link.number + 1) return problemAt({ writer: head.writer, number: link.number + 1 }, 'an entry is missing');
      const wrong = wrongIn(parts, { link, entry, keyOf }, looking) ?? (await wrongMark(parts, entry, looking));
      if (wrong !== undefined) return problemOf(entry, wrong);
      link = { writer: head.writer, number: entry.number, hash: entry.hash };
      if (entry.number === head.number && entry.hash !== head.hash)
        return problemOf(entry, 'the hash is not the one that its gateway signed');
      if (isEnd && entry.number > head.number) return problemOf(entry, 'it was added behind the end of its chain');
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

function wrongIn({ sealing }: VerifyParts, { link, entry, keyOf }: Found, looking: Looking): string | undefined {
  looking.counts.entries += 1;
  if (!sealing.isHash(link.hash, entry)) return 'the entry is not the one that was written, or one before it was changed';
  const fields = fieldsOf(entry);
  if (!fields) {
    looking.isExpired(entry, problemOf(entry));
    return undefined;
  }
  if (!isAsDigested(entry) || fields.kind !== entry.kind) return 'the content was changed';
  const { act, authServer, transaction, serials, subject, actor } = entry;
  const shown = Object.fromEntries(
    Object.entries({ act, authServer, transaction, serials, subject, actor }).filter(([, value]) => value !== undefined),
  );
  if (!isDeepStrictEqual(shown, searchedBy(fields))) return 'what the entry is found by was changed';
  looking.learn(entry, fields);
  return wrongText(entry, fields, { keyOf, looking });
}

function wrongText(entry: AuditEntry, fields: Fields, { keyOf, looking }: { keyOf: KeyOf; looking: Looking }): string | undefined {
  const idOf = { subject: entry.subject, actor: entry.actor };
  const { missing, unheld, wrong } = compareClear(fields, entry.clear, (whose) => keyOf(idOf[whose] ?? ''));
  if (wrong !== undefined) return `the clear text of ${wrong} was changed`;
  const own = record(parseJson(entry.clear?.own ?? ''));
  const [path] = ['user', 'administrator', 'account'].filter((each) => typeof own[each] === 'string');
  if (entry.typed !== (path && typedName(path, String(own[path])))) return 'what the entry is found by was changed';
  if (missing.length > 0)
    looking.isErased(
      missing.map((whose) => idOf[whose] ?? ''),
      entry.at,
      problemOf(entry),
    );
  for (const whose of unheld) looking.isUnheld(idOf[whose] ?? '', entry.at, problemOf(entry));
  return undefined;
}

/** A checkpoint is signed, and what a chain found at its beginning is still there. */
async function wrongMark({ store, sealing }: VerifyParts, entry: AuditEntry, { counts }: Looking): Promise<string | undefined> {
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
    if (number !== 0 && there?.hash !== hash) return `the chain ${String(writer)}, which was there when this one began, is not as it was`;
  }
  return undefined;
}
