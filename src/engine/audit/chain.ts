import { type AuditEntry, parseJson, record } from '../../foundation/model/index.ts';
import type { Fields, Pseudonymized } from './persons.ts';
import { digestOf, type Link, type Sealing } from './sealing.ts';

/** The entry that follows `link`. */
export function entryAfter(
  { hashOf }: Pick<Sealing, 'hashOf'>,
  link: Link,
  { id, at, kind }: Pick<AuditEntry, 'id' | 'at' | 'kind'>,
  { fields, clear, typed }: Pseudonymized,
): AuditEntry {
  const body = JSON.stringify(fields);
  const placed = { writer: link.writer, number: link.number + 1, id, at, kind, digest: digestOf(body) };
  return {
    ...placed,
    ...searchFieldsOf(fields),
    ...(typed === undefined ? {} : { typed }),
    body,
    ...(clear ? { clear } : {}),
    hash: hashOf(link.hash, placed),
  };
}

type SearchFields = Pick<AuditEntry, 'act' | 'authServer' | 'transaction' | 'serials' | 'subject' | 'actor'>;

/** The search fields of an entry, derived from its content. */
export function searchFieldsOf(fields: Fields): SearchFields {
  const authServer = text(fields.authServer) ?? text(record(fields.origin).authServer) ?? text(record(fields.by).authServer);
  const serials = Array.isArray(fields.serials) ? fields.serials.map(String) : fields.serial === undefined ? [] : [String(fields.serial)];
  return {
    ...given('act', text(fields.act)),
    ...given('authServer', authServer),
    ...given('transaction', text(fields.transaction)),
    ...(serials.length > 0 ? { serials } : {}),
    ...given('subject', text(fields.subject)),
    ...given('actor', text(fields.actor)),
  };
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const given = <K extends string>(name: K, value: string | undefined): { [P in K]?: string } =>
  value === undefined ? {} : ({ [name]: value } as { [P in K]?: string });

/** The fields of an entry; undefined when its content was removed. */
export const fieldsOf = ({ body }: AuditEntry): Fields | undefined => (body === undefined ? undefined : record(parseJson(body)));

/** Whether the content of an entry matches its digest; true when the content was removed. */
export const matchesDigest = ({ body, digest }: AuditEntry): boolean => body === undefined || digestOf(body) === digest;
