import type { Collection, Db } from 'mongodb';
import type {
  AdminAccount,
  AuditEntry,
  AuditWriter,
  Effect,
  EventStream,
  IdentityPin,
  KeptRequest,
  KnownClient,
  OutboxMessage,
  PartitionKey,
  PersonKey,
  PublishedEvent,
  PushToken,
  RelayDevice,
  StockKey,
  TrailEntry,
  Transaction,
} from '../../foundation/model/index.ts';

/** Case-folded copies of fields with case-insensitive search; user names as by `foldedName`. */
export type LowerCaseFields = { serial: string; user?: string; realm?: string };

/** A push token: `_id` is its serial, `ownerKeys` are its lookup keys. */
export type TokenDocument = Omit<PushToken, 'serial'> & { _id: string; lower: LowerCaseFields; ownerKeys?: string[] };

/** A transaction with its effects and delivery trail. `cleanFrom` is present when it has no effects left. */
export type TransactionDocument = Omit<Transaction, 'id'> & {
  _id: string;
  effects: Effect[];
  effectsDue?: number;
  trail: TrailEntry[];
  cleanFrom?: Date;
};

/** A name that is unique over all shards, its holder, and the attempt that claimed it. */
export type NameDocument = { _id: string; holder: string; claim: string; at: Date; cleanFrom?: Date };

/** A window of a counter: `_id` is its key. */
export type CounterDocument = { _id: string; count: number; endsAt: number; cleanFrom: Date };

/** A stock key. */
export type StockKeyDocument = Omit<StockKey, 'id'> & { _id: string };

/** An account: `_id` is its name. */
export type AccountDocument = Omit<AdminAccount, 'name'> & { _id: string };

/** A shared key. */
export type PartitionKeyDocument = Omit<PartitionKey, 'id'> & { _id: string };

/** A relay device: `_id` is its gda. */
export type DeviceDocument = Omit<RelayDevice, 'gda'> & { _id: string };

/** An entry of the audit: `_id` is its id. */
export type AuditDocument = Omit<AuditEntry, 'id'> & { _id: string };

/** A note of an act on its way into the audit. */
export type NoteDocument = { _id: string; due: number; at: number; text: string };

/** A chain of the audit. */
export type AuditWriterDocument = Omit<AuditWriter, 'writer'> & { _id: string };

/** The key of a person's fields in the audit: `_id` is the person. */
export type PersonKeyDocument = Omit<PersonKey, 'person'> & { _id: string };

/** The persons of a client: `_id` is the client. */
export type KnownClientDocument = Omit<KnownClient, 'client'> & { _id: string; cleanFrom: Date };

/** A request with an idempotency key. */
export type KeptRequestDocument = Omit<KeptRequest, 'id'> & { _id: string; cleanFrom: Date };

/** A message of the outbox. */
export type OutboxDocument = Omit<OutboxMessage, 'id'> & { _id: string; claimableAt: number };

/** A published event. */
export type PublishedEventDocument = Omit<PublishedEvent, 'id'> & { _id: string; cleanFrom: Date };

/** The last number of an auth server's events: `_id` is the auth server. */
export type EventStreamDocument = Omit<EventStream, 'authServer'> & { _id: string };

/** An identity pin. */
export type IdentityPinDocument = Omit<IdentityPin, 'id'> & { _id: string };

/** Names are unique by unique indexes or, if collections may be sharded, by the collection `names`. */
export type Uniqueness = 'indexes' | 'names';

/** The schema of the database; `lease` is present while a gateway updates it. */
export type SchemaDocument = { _id: 'schema'; version: number; uniqueBy: Uniqueness; lease?: { holder: string; until: Date } };

/** All collections, by their names in the database. */
export type Collections = {
  tokens: Collection<TokenDocument>;
  transactions: Collection<TransactionDocument>;
  names: Collection<NameDocument>;
  counters: Collection<CounterDocument>;
  stockKeys: Collection<StockKeyDocument>;
  accounts: Collection<AccountDocument>;
  partitionKeys: Collection<PartitionKeyDocument>;
  devices: Collection<DeviceDocument>;
  audit: Collection<AuditDocument>;
  auditNotes: Collection<NoteDocument>;
  auditWriters: Collection<AuditWriterDocument>;
  personKeys: Collection<PersonKeyDocument>;
  knownClients: Collection<KnownClientDocument>;
  keptRequests: Collection<KeptRequestDocument>;
  outbox: Collection<OutboxDocument>;
  publishedEvents: Collection<PublishedEventDocument>;
  eventStreams: Collection<EventStreamDocument>;
  identityPins: Collection<IdentityPinDocument>;
};

/** The collections of a database. */
export function collectionsOf(db: Db): Collections {
  return {
    tokens: db.collection('tokens'),
    transactions: db.collection('transactions'),
    names: db.collection('names'),
    counters: db.collection('counters'),
    stockKeys: db.collection('stockKeys'),
    accounts: db.collection('accounts'),
    partitionKeys: db.collection('partitionKeys'),
    devices: db.collection('devices'),
    audit: db.collection('audit'),
    auditNotes: db.collection('auditNotes'),
    auditWriters: db.collection('auditWriters'),
    personKeys: db.collection('personKeys'),
    knownClients: db.collection('knownClients'),
    keptRequests: db.collection('keptRequests'),
    outbox: db.collection('outbox'),
    publishedEvents: db.collection('publishedEvents'),
    eventStreams: db.collection('eventStreams'),
    identityPins: db.collection('identityPins'),
  };
}
