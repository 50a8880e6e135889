import {
  hashedBy,
  isNoteOf,
  type Keyring,
  newStoreNote,
  noteKeyId,
  sealedBy,
  sealedFor,
  storeNoteId,
} from '../foundation/keyring/index.ts';
import { GatewayFault, type PartitionKey } from '../foundation/model/index.ts';
import { recordKey } from './copy.ts';
import type { SealedRecord, Store, StoredRecord } from './store.ts';

/**
 * The uses of a keyring key: open secrets, check passwords and PINs, finish logins in progress, verify the audit. Only
 * secrets can be resealed with another key; a hash is renewed at the next right login.
 */
export type KeyNeed = 'secrets' | 'hashes' | 'logins' | 'audit';

/** The kinds of records with secrets. */
export const secretKinds = [
  'token',
  'stock-key',
  'partition-key',
  'person-key',
  'outbox-message',
] as const satisfies StoredRecord['kind'][];

/** The kinds of records that need a key of the keyring. */
export const keyedKinds = [
  ...secretKinds,
  'account',
  'transaction',
  'kept-request',
  'audit-entry',
  'audit-writer',
  'audit-note',
] as const satisfies StoredRecord['kind'][];

/** The page to examine, and whether to open its secrets or also reseal them with the current key. */
export type PageAsk = { kind: (typeof keyedKinds)[number]; after?: string | undefined; how: 'count' | 'open' | 'reseal' };

/**
 * An unusable secret or hash: its key is missing from the keyring, or it was changed. `what` names the record for
 * people.
 */
export type Unusable = { what: string; keyId: string; why: 'key missing' | 'changed' };

/**
 * The result of a page. `after`: the start of the next page, undefined after the last. `needs`: the number of uses per
 * key id.
 */
export type SealedPage = {
  /** The id of the current key. */
  current: string;
  after?: string | undefined;
  needs: Record<string, Partial<Record<KeyNeed, number>>>;
  unusable: Unusable[];
  resealed: number;
};

/** Resealing a page delays logins for a moment, so those are smaller. */
const pageSizes = { count: 200, open: 200, reseal: 50 } as const;

/**
 * Examines one page of records while gateways run. A secret is only resealed if it is unchanged since it was read, so
 * that no concurrent change is lost.
 */
export async function lookAtPage(
  { store, keyring }: { store: Store; keyring: Keyring },
  { kind, after, how }: PageAsk,
): Promise<SealedPage> {
  // A refused change of the file shows in `current`.
  keyring.refresh();
  const records = await store.recordsOf(kind, after, pageSizes[how]);
  const page: SealedPage = { current: keyring.currentKeyId, needs: {}, unusable: [], resealed: 0 };
  for (const [need, keyId] of records.flatMap(needsOf)) {
    const needs = page.needs[keyId] ?? {};
    page.needs[keyId] = { ...needs, [need]: (needs[need] ?? 0) + 1 };
  }
  if (how !== 'count')
    page.unusable = records.flatMap((record) => [...unopenedIn(keyring, record), ...(how === 'open' ? uncheckedIn(keyring, record) : [])]);
  if (how === 'reseal') {
    const resealed = await Promise.all(records.flatMap(secretOf).map((secret) => reseal(store, keyring, secret)));
    page.resealed = resealed.filter(Boolean).length;
  }
  const last = records.at(-1);
  return records.length < pageSizes[how] || !last ? page : { ...page, after: recordKey(last) };
}

/** A secret, its record name for sealing, and its name for people. */
type Secret = { record: SealedRecord; name: string; sealed: string; what: string };

function secretOf(record: StoredRecord): Secret[] {
  switch (record.kind) {
    case 'token': {
      const { serial, serverKey } = record.token;
      if (!serverKey) return [];
      return [
        { record, name: sealedFor.token(serial), sealed: serverKey.sealedPrivateKey, what: `the server key of push token ${serial}` },
      ];
    }
    case 'stock-key': {
      const { id, sealedPrivateKey: sealed } = record.stockKey;
      return [{ record, name: sealedFor.stockKey(id), sealed, what: `the key ${id} of the stock` }];
    }
    case 'partition-key': {
      const { id, sealedSeed: sealed } = record.partitionKey;
      const what = id === storeNoteId ? 'the note of which keyring the store belongs to' : `the shared key ${id}`;
      return [{ record, name: sealedFor.sharedKey(id), sealed, what }];
    }
    case 'person-key': {
      const { id, sealedKey: sealed } = record.personKey;
      return [{ record, name: sealedFor.person(id), sealed, what: `the key ${id} of a person in the audit` }];
    }
    case 'outbox-message': {
      const { id, target, payload: sealed } = record.message;
      return [{ record, name: sealedFor.message(id), sealed, what: `the message ${id} to ${target}` }];
    }
    default:
      return [];
  }
}

/** The store's note of its keyring, if the secret is one; the note has no content and its own way to name its key. */
const noteOf = ({ record }: Secret): PartitionKey | undefined =>
  record.kind === 'partition-key' && record.partitionKey.id === storeNoteId ? record.partitionKey : undefined;

function keyIdOf(secret: Secret): string {
  const note = noteOf(secret);
  return note ? noteKeyId(note) : sealedBy(secret.sealed);
}

/** The uses of keys in each record, by key id. */
function needsOf(record: StoredRecord): [KeyNeed, string][] {
  const secrets = secretOf(record).map((secret): [KeyNeed, string] => ['secrets', keyIdOf(secret)]);
  switch (record.kind) {
    case 'transaction': {
      const { firstLeg, page, decision } = record.transaction;
      const keyIds = [...decision.challenges.map(({ code }) => code), firstLeg, page].flatMap((keyed) => keyed?.keyId ?? []);
      const noted = record.effects.flatMap((effect) => (effect.kind === 'noted' ? [madeBy(effect.text)] : []));
      return [...keyIds.map((keyId): [KeyNeed, string] => ['logins', keyId]), ...noted.map((keyId): [KeyNeed, string] => ['audit', keyId])];
    }
    case 'kept-request':
      return [['logins', madeBy(record.keptRequest.digest)]];
    case 'audit-entry':
      return [['audit', madeBy(record.entry.hash)]];
    case 'audit-writer':
      return [['audit', madeBy(record.writer.signature)]];
    case 'audit-note':
      return [['audit', madeBy(record.note.text)]];
    default:
      return [...secrets, ...hashesOf(record).map(({ hash }): [KeyNeed, string] => ['hashes', hashedBy(hash)])];
  }
}

/** The key id in front of a signature, or of a keyed hash. */
const madeBy = (text: string): string => text.slice(0, Math.max(0, text.indexOf('.')));

function hashesOf(record: StoredRecord): { hash: string; what: string }[] {
  if (record.kind === 'account')
    return [{ hash: record.account.passwordHash, what: `the password of administrator ${record.account.name}` }];
  const pinHash = record.kind === 'token' ? record.token.pinHash : undefined;
  return record.kind === 'token' && pinHash !== undefined ? [{ hash: pinHash, what: `the PIN of push token ${record.token.serial}` }] : [];
}

/** The secrets of a record that cannot be opened. */
const unopenedIn = (keyring: Keyring, record: StoredRecord): Unusable[] =>
  secretOf(record)
    .filter((secret) => opened(keyring, secret) === undefined)
    .map((secret) => unusable(keyring, secret.what, keyIdOf(secret)));

/** The hashes of a record that cannot be checked. */
const uncheckedIn = (keyring: Keyring, record: StoredRecord): Unusable[] =>
  hashesOf(record)
    .filter(({ hash }) => !keyring.keyIds.includes(hashedBy(hash)))
    .map(({ hash, what }) => unusable(keyring, what, hashedBy(hash)));

const unusable = ({ keyIds }: Keyring, what: string, keyId: string): Unusable => ({
  what,
  keyId,
  why: keyIds.includes(keyId) ? 'changed' : 'key missing',
});

/** The content of a secret; undefined when it cannot be opened. */
function opened(keyring: Keyring, secret: Secret): Buffer | undefined {
  const note = noteOf(secret);
  if (note) return isNoteOf(keyring, note) ? Buffer.alloc(0) : undefined;
  try {
    return keyring.open(secret.name, secret.sealed);
  } catch (error) {
    if (error instanceof GatewayFault) return undefined;
    throw error;
  }
}

/** Reseals a secret with the current key. One that cannot be opened stays unchanged. */
async function reseal(store: Store, keyring: Keyring, secret: Secret): Promise<boolean> {
  const { record, name, sealed } = secret;
  const text = keyring.isOlder(sealedBy(sealed)) ? opened(keyring, secret) : undefined;
  if (!text) return false;
  return store.reseal(record, noteOf(secret) ? newStoreNote(keyring).sealedSeed : keyring.seal(name, text));
}
