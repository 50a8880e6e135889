import { isDeepStrictEqual } from 'node:util';
import type { Keyring } from '../foundation/keyring/index.ts';
import { ok, type Result, refused } from '../foundation/model/index.ts';
import type { Store, StoredRecord } from './store.ts';

/** How many records of each kind there are. */
export type Counts = Record<StoredRecord['kind'], number>;

/** The kinds of records, in the order in which they are copied. */
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
];
const batchSize = 200;

/** Every record: kind by kind, each kind by its key in the order of its UTF-8 bytes. Nobody may write meanwhile. */
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
 * Copies every record of a store that nobody else writes to. Cut off and run again it completes. Refuses a target that `holds-others`: records that
 * the source does not have as they are there; and says `differs` when the source changed meanwhile.
 * @param copied is told of each batch how many records it has
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

/** Whether each record of `part` is in `whole` just as it is. Both give them out in one order, so that one walk along both finds it out. */
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

/** What a record is known by among those of its kind. */
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
    default:
      return record satisfies never;
  }
}
