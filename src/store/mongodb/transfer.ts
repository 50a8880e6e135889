import type { Collection, Filter, UpdateResult, WithId } from 'mongodb';
import type { SealedRecord, Store, StoredRecord } from '../store.ts';
import { entryDocument, entryOf, personKeyDocument, personKeyOf, writerOf } from './audit.ts';
import type { CounterDocument, TransactionDocument } from './collections.ts';
import { documentOf as deviceDocument, deviceOf } from './devices.ts';
import { identityPinDocument, identityPinOf } from './exchange/identity-pins.ts';
import { keptRequestDocument, keptRequestOf } from './exchange/kept-requests.ts';
import { messageDocument, messageOf } from './exchange/outbox.ts';
import { eventDocument, eventOf } from './exchange/published-events.ts';
import { noteDocument, noteOf } from './notes.ts';
import type { Session } from './session.ts';
import { accountOf, knownClientOf, partitionKeyOf, stockKeyOf } from './small-records.ts';
import { documentOf as tokenDocument, tokenOf } from './token-documents.ts';
import { serialName } from './tokens.ts';
import { namesOf, documentOf as transactionDocument, transactionOf } from './transaction-documents.ts';

type TransferStore = Pick<Store, 'recordsOf' | 'importRecords' | 'reseal'>;
type RecordOf<K extends StoredRecord['kind']> = Extract<StoredRecord, { kind: K }>;

const beyond = <D>(after: string | undefined) => (after === undefined ? {} : { _id: { $gt: after } }) as Filter<D>;

/** Exports and imports whole records, and replaces the seals of their secrets. */
export function transferStore(session: Session): TransferStore {
  const { run, collections } = session;
  const pages = pagesOf(session);
  return {
    recordsOf: (kind, after, limit) => run('recordsOf', () => pages[kind](after, limit)),
    reseal: (record, sealed) => run('reseal', async () => (await reseal(collections, record, sealed)).modifiedCount === 1),
    importRecords: (records) => run('importRecords', () => put(session, records)),
  };
}

type Pages = { readonly [K in StoredRecord['kind']]: (after: string | undefined, limit: number) => Promise<StoredRecord[]> };

function pagesOf({ collections }: Session): Pages {
  const pages =
    <D extends { _id: string }>(collection: Collection<D>, recordOf: (document: WithId<D>) => StoredRecord): Pages['token'] =>
    async (after, limit) =>
      (await collection.find(beyond<D>(after), { sort: { _id: 1 }, limit }).toArray()).map(recordOf);
  return {
    token: pages(collections.tokens, (found) => ({ kind: 'token', token: tokenOf(found) })),
    transaction: pages(collections.transactions, transactionRecord),
    counter: pages(collections.counters, ({ _id, count, endsAt }) => ({ kind: 'counter', key: _id, count, endsAt })),
    'stock-key': pages(collections.stockKeys, (found) => ({ kind: 'stock-key', stockKey: stockKeyOf(found) })),
    account: pages(collections.accounts, (found) => ({ kind: 'account', account: accountOf(found) })),
    'partition-key': pages(collections.partitionKeys, (found) => ({ kind: 'partition-key', partitionKey: partitionKeyOf(found) })),
    device: pages(collections.devices, (found) => ({ kind: 'device', device: deviceOf(found) })),
    'audit-entry': pages(collections.audit, (found) => ({ kind: 'audit-entry', entry: entryOf(found) })),
    'audit-writer': pages(collections.auditWriters, (found) => ({ kind: 'audit-writer', writer: writerOf(found) })),
    'audit-note': pages(collections.auditNotes, (found) => ({ kind: 'audit-note', note: noteOf(found) })),
    'person-key': pages(collections.personKeys, (found) => ({ kind: 'person-key', personKey: personKeyOf(found) })),
    'known-client': pages(collections.knownClients, (found) => ({ kind: 'known-client', knownClient: knownClientOf(found) })),
    'kept-request': pages(collections.keptRequests, (found) => ({ kind: 'kept-request', keptRequest: keptRequestOf(found) })),
    'outbox-message': pages(collections.outbox, (found) => ({ kind: 'outbox-message', message: messageOf(found) })),
    'published-event': pages(collections.publishedEvents, (found) => ({ kind: 'published-event', event: eventOf(found) })),
    'event-stream': pages(collections.eventStreams, ({ _id, last }) => ({ kind: 'event-stream', eventStream: { authServer: _id, last } })),
    'identity-pin': pages(collections.identityPins, (found) => ({ kind: 'identity-pin', identityPin: identityPinOf(found) })),
  };
}

function reseal(
  { tokens, stockKeys, partitionKeys, personKeys, outbox }: Session['collections'],
  record: SealedRecord,
  sealed: string,
): Promise<UpdateResult> {
  switch (record.kind) {
    case 'token': {
      const { serial: _id, bucket, serverKey } = record.token;
      const from = { 'serverKey.sealedPrivateKey': serverKey?.sealedPrivateKey ?? '' };
      return tokens.updateOne({ _id, bucket, ...from }, { $set: { 'serverKey.sealedPrivateKey': sealed } });
    }
    case 'stock-key': {
      const { id: _id, sealedPrivateKey } = record.stockKey;
      return stockKeys.updateOne({ _id, sealedPrivateKey }, { $set: { sealedPrivateKey: sealed } });
    }
    case 'partition-key': {
      const { id: _id, sealedSeed } = record.partitionKey;
      return partitionKeys.updateOne({ _id, sealedSeed }, { $set: { sealedSeed: sealed } });
    }
    case 'person-key': {
      const { person: _id, sealedKey } = record.personKey;
      return personKeys.updateOne({ _id, sealedKey }, { $set: { sealedKey: sealed } });
    }
    case 'outbox-message': {
      const { id: _id, payload } = record.message;
      return outbox.updateOne({ _id, payload }, { $set: { payload: sealed } });
    }
    default:
      return record satisfies never;
  }
}

function transactionRecord({ trail, effects, effectsDue, cleanFrom: _cleanFrom, ...rest }: TransactionDocument): StoredRecord {
  const sorted = effects.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return {
    kind: 'transaction',
    transaction: transactionOf(rest),
    trail,
    effects: sorted,
    ...(effectsDue === undefined ? {} : { effectsDue }),
  };
}

/** Replaces whole documents; requires that nobody else writes meanwhile. */
async function put({ names, collections }: Session, records: readonly StoredRecord[]): Promise<void> {
  const of = <K extends StoredRecord['kind']>(kind: K): RecordOf<K>[] =>
    records.filter((record): record is RecordOf<K> => record.kind === kind);
  const tokens = of('token').map(({ token }) => tokenDocument(token));
  const transactions = of('transaction').map(transactionToStore);
  await names.give([
    ...tokens.map(({ _id }) => ({ id: _id, names: [serialName(_id)] })),
    ...transactions.map((each) => ({ id: each._id, names: namesOf(each), cleanFrom: new Date() })),
  ]);
  const counters = of('counter').map(({ key, count, endsAt }): CounterDocument => ({ _id: key, count, endsAt, cleanFrom: new Date() }));
  const stockKeys = of('stock-key').map(({ stockKey: { id, ...key } }) => ({ _id: id, ...key }));
  const accounts = of('account').map(({ account: { name, ...account } }) => ({ _id: name, ...account }));
  const partitionKeys = of('partition-key').map(({ partitionKey: { id, ...key } }) => ({ _id: id, ...key }));
  const devices = of('device').map(({ device }) => deviceDocument(device));
  const audit = of('audit-entry').map(({ entry }) => entryDocument(entry));
  const auditWriters = of('audit-writer').map(({ writer: { writer, ...rest } }) => ({ _id: writer, ...rest }));
  const auditNotes = of('audit-note').map(({ note }) => noteDocument(note));
  const personKeys = of('person-key').map(({ personKey }) => personKeyDocument(personKey));
  const knownClients = of('known-client').map(({ knownClient: { client, ...rest } }) => ({ _id: client, ...rest, cleanFrom: new Date() }));
  const keptRequests = of('kept-request').map(({ keptRequest }) => keptRequestDocument(keptRequest));
  const outbox = of('outbox-message').map(({ message }) => messageDocument(message));
  const publishedEvents = of('published-event').map(({ event }) => eventDocument(event));
  const eventStreams = of('event-stream').map(({ eventStream: { authServer, last } }) => ({ _id: authServer, last }));
  const identityPins = of('identity-pin').map(({ identityPin }) => identityPinDocument(identityPin));
  await Promise.all([
    replace(tokens, routed, (writes) => collections.tokens.bulkWrite(writes, unordered)),
    replace(transactions, routed, (writes) => collections.transactions.bulkWrite(writes, unordered)),
    replace(counters, byId, (writes) => collections.counters.bulkWrite(writes, unordered)),
    replace(stockKeys, byId, (writes) => collections.stockKeys.bulkWrite(writes, unordered)),
    replace(accounts, byId, (writes) => collections.accounts.bulkWrite(writes, unordered)),
    replace(partitionKeys, byId, (writes) => collections.partitionKeys.bulkWrite(writes, unordered)),
    replace(devices, byId, (writes) => collections.devices.bulkWrite(writes, unordered)),
    replace(audit, byId, (writes) => collections.audit.bulkWrite(writes, unordered)),
    replace(auditWriters, byId, (writes) => collections.auditWriters.bulkWrite(writes, unordered)),
    replace(auditNotes, byId, (writes) => collections.auditNotes.bulkWrite(writes, unordered)),
    replace(personKeys, byId, (writes) => collections.personKeys.bulkWrite(writes, unordered)),
    replace(knownClients, byId, (writes) => collections.knownClients.bulkWrite(writes, unordered)),
    replace(keptRequests, byId, (writes) => collections.keptRequests.bulkWrite(writes, unordered)),
    replace(outbox, byId, (writes) => collections.outbox.bulkWrite(writes, unordered)),
    replace(publishedEvents, byId, (writes) => collections.publishedEvents.bulkWrite(writes, unordered)),
    replace(eventStreams, byId, (writes) => collections.eventStreams.bulkWrite(writes, unordered)),
    replace(identityPins, byId, (writes) => collections.identityPins.bulkWrite(writes, unordered)),
  ]);
}

const unordered = { ordered: false } as const;
const byId = ({ _id }: { _id: string }) => ({ _id });
/** An upsert needs the whole shard key. */
const routed = ({ _id, bucket }: { _id: string; bucket: number }) => ({ _id, bucket });

type Replacement<D, F> = { replaceOne: { filter: F; replacement: D; upsert: true } };

async function replace<D, F>(
  documents: readonly D[],
  filterOf: (document: D) => F,
  write: (writes: Replacement<D, F>[]) => Promise<unknown>,
) {
  // The driver refuses an empty bulk write.
  if (documents.length === 0) return;
  await write(documents.map((replacement) => ({ replaceOne: { filter: filterOf(replacement), replacement, upsert: true } })));
}

function transactionToStore({ transaction, trail, effects, effectsDue }: RecordOf<'transaction'>): TransactionDocument {
  const { cleanFrom = new Date(), ...document } = transactionDocument(transaction);
  const isBusy = effectsDue !== undefined;
  return { ...document, trail: [...trail], effects: [...effects], ...(isBusy ? { effectsDue } : { cleanFrom }) };
}
