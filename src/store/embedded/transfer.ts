import type { Effect, TrailEntry } from '../../foundation/model/index.ts';
import type { SealedRecord, Store, StoredRecord } from '../store.ts';
import { addNote, entryOf, noteOf, personKeyOf, saveEntry, savePersonKey, saveWriter, writerOf } from './audit.ts';
import { deviceOf, saveDevice } from './devices.ts';
import { identityPinOf, saveIdentityPin } from './exchange/identity-pins.ts';
import { keptRequestOf, saveKeptRequest } from './exchange/kept-requests.ts';
import { messageOf, saveMessage } from './exchange/outbox.ts';
import { eventOf, eventStreamOf, saveEvent, saveEventStream } from './exchange/published-events.ts';
import type { Row, Session } from './session.ts';
import { accountOf, counterOf, knownClientOf, partitionKeyOf, saveAccount, saveKnownClient, stockKeyOf } from './small-records.ts';
import { saveOwnerKeys, saveToken, tokenOf } from './tokens.ts';
import { insertTransaction, removeTransaction, transactionOf } from './transactions.ts';

type TransferStore = Pick<Store, 'recordsOf' | 'importRecords' | 'reseal'>;

/** For each kind of record: its table, its key column, and how to read a row. */
const tables: {
  readonly [K in StoredRecord['kind']]: [table: string, key: string, recordOf: (row: Row, session: Session) => StoredRecord];
} = {
  token: ['tokens', 'serial', (row) => ({ kind: 'token', token: tokenOf(row) })],
  transaction: ['transactions', 'id', (row, session) => transactionRecord(session, row)],
  counter: ['counters', 'key', (row) => ({ kind: 'counter', ...counterOf(row) })],
  'stock-key': ['stock_keys', 'id', (row) => ({ kind: 'stock-key', stockKey: stockKeyOf(row) })],
  account: ['accounts', 'name', (row) => ({ kind: 'account', account: accountOf(row) })],
  'partition-key': ['partition_keys', 'id', (row) => ({ kind: 'partition-key', partitionKey: partitionKeyOf(row) })],
  device: ['devices', 'gda', (row) => ({ kind: 'device', device: deviceOf(row) })],
  'audit-entry': ['audit', 'id', (row) => ({ kind: 'audit-entry', entry: entryOf(row) })],
  'audit-writer': ['audit_writers', 'writer', (row) => ({ kind: 'audit-writer', writer: writerOf(row) })],
  'audit-note': ['audit_notes', 'id', (row) => ({ kind: 'audit-note', note: noteOf(row) })],
  'person-key': ['person_keys', 'person', (row) => ({ kind: 'person-key', personKey: personKeyOf(row) })],
  'known-client': ['known_clients', 'client', (row) => ({ kind: 'known-client', knownClient: knownClientOf(row) })],
  'kept-request': ['kept_requests', 'id', (row) => ({ kind: 'kept-request', keptRequest: keptRequestOf(row) })],
  'outbox-message': ['outbox', 'id', (row) => ({ kind: 'outbox-message', message: messageOf(row) })],
  'published-event': ['published_events', 'id', (row) => ({ kind: 'published-event', event: eventOf(row) })],
  'event-stream': ['event_streams', 'auth_server', (row) => ({ kind: 'event-stream', eventStream: eventStreamOf(row) })],
  'identity-pin': ['identity_pins', 'id', (row) => ({ kind: 'identity-pin', identityPin: identityPinOf(row) })],
};

/** Exports and imports whole records, and replaces the seals of their secrets. */
export function transferStore(session: Session): TransferStore {
  const { all, read, write } = session;
  return {
    recordsOf: (kind, after, limit) =>
      read('recordsOf', () => {
        const [table, key, recordOf] = tables[kind];
        const rows =
          after === undefined
            ? all(`SELECT * FROM ${table} ORDER BY ${key} LIMIT ?`, limit)
            : all(`SELECT * FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`, after, limit);
        return rows.map((row) => recordOf(row, session));
      }),
    reseal: (record, sealed) => write('reseal', () => reseal(session, record, sealed) === 1),
    importRecords: (records) =>
      write('importRecords', () => {
        for (const record of records) put(session, record);
      }),
  };
}

/** Returns the number of changed rows. */
function reseal({ run, tokens }: Session, record: SealedRecord, sealed: string): number {
  switch (record.kind) {
    case 'token': {
      const { serial, serverKey } = record.token;
      const path = '$.serverKey.sealedPrivateKey';
      tokens.forget(serial);
      return run(
        `UPDATE tokens SET body = json_set(body, '${path}', ?) WHERE serial = ? AND body ->> '${path}' = ?`,
        sealed,
        serial,
        serverKey?.sealedPrivateKey ?? null,
      );
    }
    case 'stock-key': {
      const { id, sealedPrivateKey } = record.stockKey;
      return run('UPDATE stock_keys SET sealed_private_key = ? WHERE id = ? AND sealed_private_key = ?', sealed, id, sealedPrivateKey);
    }
    case 'partition-key': {
      const { id, sealedSeed } = record.partitionKey;
      return run('UPDATE partition_keys SET sealed_seed = ? WHERE id = ? AND sealed_seed = ?', sealed, id, sealedSeed);
    }
    case 'person-key': {
      const { person, sealedKey } = record.personKey;
      return run('UPDATE person_keys SET sealed_key = ? WHERE person = ? AND sealed_key = ?', sealed, person, sealedKey);
    }
    case 'outbox-message': {
      const { id, payload } = record.message;
      return run('UPDATE outbox SET payload = ? WHERE id = ? AND payload = ?', sealed, id, payload);
    }
    default:
      return record satisfies never;
  }
}

function transactionRecord({ all }: Session, row: Row): StoredRecord {
  const id = String(row.id);
  const trail = all('SELECT body FROM trail WHERE transaction_id = ? ORDER BY rowid', id);
  const effects = all('SELECT body FROM effects WHERE transaction_id = ? ORDER BY id', id);
  return {
    kind: 'transaction',
    transaction: transactionOf(row),
    trail: trail.map(({ body }): TrailEntry => JSON.parse(String(body))),
    effects: effects.map(({ body }): Effect => JSON.parse(String(body))),
    ...(row.effects_due === null ? {} : { effectsDue: Number(row.effects_due) }),
  };
}

function put(session: Session, record: StoredRecord): unknown {
  const { run } = session;
  switch (record.kind) {
    case 'token':
      saveToken(session, record.token, 'INSERT OR REPLACE');
      return saveOwnerKeys(session, record.token);
    case 'transaction':
      return putTransaction(session, record);
    case 'counter':
      return run('INSERT OR REPLACE INTO counters (key, count, ends_at) VALUES (?, ?, ?)', record.key, record.count, record.endsAt);
    case 'stock-key': {
      const { id, bits, publicKey, sealedPrivateKey } = record.stockKey;
      const into = 'INSERT OR REPLACE INTO stock_keys (id, bits, public_key, sealed_private_key) VALUES (?, ?, ?, ?)';
      return run(into, id, bits, publicKey, sealedPrivateKey);
    }
    case 'account':
      return saveAccount(run, record.account, 'INSERT OR REPLACE');
    case 'partition-key': {
      const { id, publicKey, sealedSeed } = record.partitionKey;
      return run('INSERT OR REPLACE INTO partition_keys (id, public_key, sealed_seed) VALUES (?, ?, ?)', id, publicKey, sealedSeed);
    }
    case 'device':
      return saveDevice(session, record.device, 'INSERT OR REPLACE');
    case 'audit-entry':
      return saveEntry(session, record.entry, 'INSERT OR REPLACE');
    case 'audit-writer':
      return saveWriter(session, record.writer);
    case 'audit-note':
      return addNote(session, record.note);
    case 'person-key':
      return savePersonKey(session, record.personKey, 'INSERT OR REPLACE');
    case 'known-client':
      return saveKnownClient(run, record.knownClient);
    case 'kept-request':
      return saveKeptRequest(run, record.keptRequest);
    case 'outbox-message':
      return saveMessage(run, record.message, 'INSERT OR REPLACE');
    case 'published-event':
      return saveEvent(run, record.event, 'INSERT OR REPLACE');
    case 'event-stream':
      return saveEventStream(run, record.eventStream);
    case 'identity-pin':
      return saveIdentityPin(run, record.identityPin, 'INSERT OR REPLACE');
    default:
      return record satisfies never;
  }
}

function putTransaction(session: Session, record: Extract<StoredRecord, { kind: 'transaction' }>): void {
  const { run } = session;
  const { id } = record.transaction;
  removeTransaction(session, id);
  if (insertTransaction(session, record.transaction) === 'taken') throw new Error(`a unique key of ${id} belongs to another transaction`);
  run('UPDATE transactions SET effects_due = ? WHERE id = ?', record.effectsDue ?? null, id);
  for (const effect of record.effects)
    run('INSERT INTO effects (transaction_id, id, body) VALUES (?, ?, ?)', id, effect.id, JSON.stringify(effect));
  for (const entry of record.trail) run('INSERT INTO trail (transaction_id, body) VALUES (?, ?)', id, JSON.stringify(entry));
}
