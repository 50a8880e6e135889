import { isDeepStrictEqual } from 'node:util';
import type { Keyring } from '../foundation/keyring/index.ts';
import { ok, type Result, refused } from '../foundation/model/index.ts';
import type { Store, StoredRecord } from './store.ts';

/** The number of records of each kind. */
export type Counts = Record<StoredRecord['kind'], number>;

/** The kinds of records, in copying order. */
export const recordKinds: readonly StoredRecord['kind'][] = [
  'token',
  'transaction',
  'counter',
  'stock-key',
  'account',
  'partition-key',
  'device',
  'audit-entry',
  'audit-writer',
  'audit-note',
  'person-key',
  'known-client',
  'kept-request',
  'outbox-message',
  'published-event',
  'event-stream',
  'identity-pin',
];
const batchSize = 200;

/**
 * Iterates over every record: by kind, then by key in the order of its UTF-8 bytes. Requires that nobody writes
 * meanwhile.
 */
export async function* allRecords(store: Pick<Store, 'recordsOf'>): AsyncGenerator<StoredRecord> {
  for (const kind of recordKinds) {
    for (let after: string | undefined; ; ) {
      const page = await store.recordsOf(kind, after, batchSize);
      yield* page;
      const last = page.at(-1);
      if (page.length < batchSize || !last) break;
      after = recordKey(last);
    }
  }
}

/**
 * Copies every record of a store without other writers. An interrupted copy can be run again. Refuses a target that
 * `holds-others` (records that the source does not have in the same form); returns `differs` when the source changed
 * meanwhile.
 * @param copied receives the number of records of each copied batch
 */
export async function copyStore(
  source: Store,
  target: Store,
  copied: (records: number) => void = () => undefined,
): Promise<Result<Counts, 'holds-others' | 'differs'>> {
  if (!(await isPartOf(source, target))) return refused('holds-others');
  const counts = Object.fromEntries(recordKinds.map((kind) => [kind, 0])) as Counts;
  let batch: StoredRecord[] = [];
  for await (const record of allRecords(source)) {
    counts[record.kind] += 1;
    batch.push(record);
    if (batch.length < batchSize) continue;
    await target.importRecords(batch);
    copied(batch.length);
    batch = [];
  }
  await target.importRecords(batch);
  return (await isPartOf(target, source)) ? ok(counts) : refused('differs');
}

/** Whether two keyrings open the same secrets. */
export function isSameKeyring(one: Keyring, other: Keyring): boolean {
  const proofs = ({ keyIds, derive }: Keyring) => keyIds.map((id) => [id, derive('compare keyrings', id)?.toString('hex')]);
  return isDeepStrictEqual(proofs(one), proofs(other));
}

/**
 * Whether `whole` has each record of `part` in the same form. One parallel walk suffices, since both use the same
 * order.
 */
async function isPartOf(whole: Store, part: Store): Promise<boolean> {
  const walk = allRecords(whole);
  let at = await walk.next();
  for await (const record of allRecords(part)) {
    while (!at.done && compare(at.value, record) < 0) at = await walk.next();
    if (at.done || !isDeepStrictEqual(at.value, record)) return false;
  }
  return true;
}

const compare = (one: StoredRecord, other: StoredRecord): number =>
  recordKinds.indexOf(one.kind) - recordKinds.indexOf(other.kind) ||
  Buffer.compare(Buffer.from(recordKey(one)), Buffer.from(recordKey(other)));

/** The key of a record within its kind. */
export function recordKey(record: StoredRecord): string {
  switch (record.kind) {
    case 'token':
      return record.token.serial;
    case 'transaction':
      return record.transaction.id;
    case 'counter':
      return record.key;
    case 'stock-key':
      return record.stockKey.id;
    case 'account':
      return record.account.name;
    case 'partition-key':
      return record.partitionKey.id;
    case 'device':
      return record.device.gda;
    case 'audit-entry':
      return record.entry.id;
    case 'audit-writer':
      return record.writer.writer;
    case 'audit-note':
      return record.note.id;
    case 'person-key':
      return record.personKey.person;
    case 'known-client':
      return record.knownClient.client;
    case 'kept-request':
      return record.keptRequest.id;
    case 'outbox-message':
      return record.message.id;
    case 'published-event':
      return record.event.id;
    case 'event-stream':
      return record.eventStream.authServer;
    case 'identity-pin':
      return record.identityPin.id;
    default:
      return record satisfies never;
  }
}
