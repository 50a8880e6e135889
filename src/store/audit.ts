import type { AuditEntry, AuditNote, AuditWriter, PersonKey } from '../foundation/model/index.ts';

/**
 * The filter of an audit list; absent fields do not filter. `persons` are key ids (`subject`) and `typed` is a folded
 * name: either may match; the same goes for `actors` and `typedActor`. `from` is inclusive, `until` exclusive (epoch
 * ms). An entry without content matches by time only.
 */
export type AuditFilter = {
  persons?: readonly string[] | undefined;
  typed?: string | undefined;
  actors?: readonly string[] | undefined;
  typedActor?: string | undefined;
  serial?: string | undefined;
  transaction?: string | undefined;
  authServer?: string | undefined;
  kinds?: readonly string[] | undefined;
  acts?: readonly string[] | undefined;
  hasContent?: true | undefined;
  from?: number | undefined;
  until?: number | undefined;
};

/**
 * One page of the audit: newest first unless `ascending`, then by number; `after` is the last entry of the previous
 * page.
 */
export type AuditPage = {
  limit: number;
  after?: Pick<AuditEntry, 'at' | 'number' | 'id'> | undefined;
  offset?: number | undefined;
  ascending?: boolean | undefined;
};

/** The part of a store for the audit. */
export type AuditStore = {
  /** Leases notes due by `now` until `leaseUntil`: no other caller gets them before that. */
  claimNotes(now: number, leaseUntil: number, limit: number): Promise<AuditNote[]>;
  /** Removes notes that have become entries. */
  removeNotes(ids: readonly string[]): Promise<void>;
  /**
   * Adds entries in this order; skips existing ones with the same writer and number. Returns the id of the first one
   * that exists with another writer or number: those before it are added, those after it are not.
   */
  appendAudit(entries: readonly AuditEntry[]): Promise<string | undefined>;
  listAudit(filter: AuditFilter, page: AuditPage): Promise<AuditEntry[]>;
  countAudit(filter: AuditFilter): Promise<number>;
  findAudit(id: string): Promise<AuditEntry | undefined>;
  /** Entries of one chain after this number, in order. */
  auditChain(writer: string, behind: number, limit: number): Promise<AuditEntry[]>;
  /**
   * Removes all fields but `id`, `writer`, `number`, `at`, `kind`, `digest` and `hash` from up to `limit` entries of
   * these kinds before `before`; returns how many.
   */
  expireAudit(kinds: readonly string[], before: number, limit: number): Promise<number>;
  /** Removes the clear text of this person from up to `limit` entries; returns how many. */
  eraseClearText(person: string, limit: number): Promise<number>;
  /** Removes the clear text of unknown persons from these entries, and their searchable names. */
  eraseTyped(ids: readonly string[]): Promise<void>;
  /** The writers of all entries. */
  auditWriterNames(): Promise<string[]>;
  /** All chains, or those that have not ended, by writer. */
  auditWriters(which?: 'running'): Promise<AuditWriter[]>;
  putAuditWriter(writer: AuditWriter): Promise<void>;
  /** Ends a chain if its `seenAt` is unchanged; true for only one of concurrent callers. */
  endAuditWriter(writer: string, seenAt: number): Promise<boolean>;
  /** Adds keys of persons; existing ones stay. */
  addPersonKeys(keys: readonly PersonKey[]): Promise<void>;
  findPersonKeys(persons: readonly string[]): Promise<PersonKey[]>;
  /** The keys of all persons with this prefix. */
  personKeysFrom(beginning: string): Promise<PersonKey[]>;
  /** All keys of these ids. */
  personKeysOf(ids: readonly string[]): Promise<PersonKey[]>;
  /** Returns whether it existed. */
  removePersonKey(id: string): Promise<boolean>;
};
