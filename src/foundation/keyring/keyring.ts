import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { GatewayFault, ok, type Result, refused } from '../model/index.ts';
import { currentOf, type KeyringText, keyBytes, parseKeyringText, readKeyringText, waitingOf } from './keyring-text.ts';

const ivBytes = 12;
const tagBytes = 16;
const sealPurpose = 'seal';

/**
 * A key as it may be shown. An `older` key still opens what it sealed; a `waiting` one opens, but does not seal yet.
 */
export type ListedKey = { id: string; createdAt: string; state: 'older' | 'current' | 'waiting' };

/** The keys that seal every secret in the store. They follow changes of the file. */
export type Keyring = {
  readonly currentKeyId: string;
  readonly keyIds: readonly string[];
  /** All keys, in the order of the file. */
  readonly keys: readonly ListedKey[];
  /**
   * Whether a key no longer seals: it precedes the current one, or is missing. A waiting key is not older: another
   * gateway may seal with it.
   */
  isOlder(keyId: string): boolean;
  /** When a store was first filled with this keyring (ISO 8601), if the file notes it. */
  readonly usedSince: string | undefined;
  /** Seals with the current key. `record`, such as `token:PIPU0001A2B3`, is authenticated as associated data. */
  seal(record: string, secret: Uint8Array): string;
  /**
   * Opens a text sealed for this record. Throws `config-invalid` when its key is missing or the text was tampered with.
   */
  open(record: string, sealed: string): Buffer;
  /**
   * A 32-byte key for one purpose, derived from the current or a named key. Undefined when that id is neither in the
   * keyring nor in its file.
   */
  derive(purpose: string, keyId?: string): Buffer | undefined;
  /**
   * Reads the file again if it changed. Refuses, with a sentence, a file that is broken or lacks the current key, as
   * long as it stays so.
   */
  refresh(): Result<'same' | 'changed', string>;
};

/**
 * Returns the file's text if it changed since the last read, undefined if it did not, or the reason why it cannot be
 * read.
 */
export type RereadKeyring = () => Result<string | undefined, string>;

/** Opens the text of a keyring file. Throws `config-invalid` with a message that shows no key. */
export function openKeyring(text: string, reread: RereadKeyring = () => ok(undefined)): Keyring {
  let held = parseKeyringText(text);
  let problem: string | undefined;
  const derived = new Map<string, Buffer>();
  const refresh = (): Result<'same' | 'changed', string> => {
    const found = reread();
    if (found.ok && found.value === undefined) return problem === undefined ? ok('same') : refused(problem);
    const next = found.ok ? continuing(held, found.value ?? '') : found;
    problem = next.ok ? undefined : next.error;
    if (!next.ok) return next;
    held = next.value;
    return ok('changed');
  };
  const entryOf = (keyId: string) => held.keys.find(({ id }) => id === keyId);
  const derive = (purpose: string, keyId = currentOf(held)): Buffer | undefined => {
    // Another gateway may already seal with a new key that this one has not read yet.
    const entry = entryOf(keyId) ?? (refresh().ok ? entryOf(keyId) : undefined);
    const known = derived.get(`${keyId}:${purpose}`);
    if (known || !entry) return entry && known;
    const key = Buffer.from(hkdfSync('sha256', Buffer.from(entry.key, 'base64'), Buffer.alloc(0), `pushgate ${purpose}`, keyBytes));
    derived.set(`${keyId}:${purpose}`, key);
    return key;
  };
  return {
    get currentKeyId() {
      return currentOf(held);
    },
    get keyIds() {
      return held.keys.map(({ id }) => id);
    },
    get keys() {
      return listed(held);
    },
    isOlder: (keyId) => !listed(held).some(({ id, state }) => id === keyId && state !== 'older'),
    get usedSince() {
      return held.usedSince;
    },
    derive,
    refresh,
    seal(record, secret) {
      const keyId = currentOf(held);
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', derive(sealPurpose, keyId) ?? '', iv).setAAD(Buffer.from(record));
      const body = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
      return ['v1', keyId, iv.toString('base64url'), body.toString('base64url')].join('.');
    },
    open: (record, sealed) => unseal(record, sealed, (keyId) => derive(sealPurpose, keyId)),
  };
}

/** The record names for sealing, one kind per secret. A text sealed for one record does not open for another. */
export const sealedFor = {
  token: (serial: string): string => `token:${serial}`,
  stockKey: (id: string): string => `stock:${id}`,
  sharedKey: (id: string): string => `partition:${id}`,
  person: (id: string): string => `person:${id}`,
  message: (id: string): string => `message:${id}`,
} as const;

/** The id of the key that sealed a text; empty for a text that no keyring sealed. */
export const sealedBy = (sealed: string): string => (sealed.startsWith('v1.') ? (sealed.split('.')[1] ?? '') : '');

/** Accepts a changed keyring only if it still has the current key and no id stands for another key. */
function continuing(before: KeyringText, text: string): Result<KeyringText, string> {
  const next = readKeyringText(text);
  if (!next.ok) return next;
  const keys = new Map(before.keys.map(({ id, key }) => [id, key]));
  const isSame = next.value.keys.every(({ id, key }) => (keys.get(id) ?? key) === key);
  if (isSame && next.value.keys.some(({ id }) => id === currentOf(before))) return next;
  return refused(`The keyring lacks the key ${currentOf(before)}, which is in use. Restore it; a different keyring needs a restart.`);
}

function listed(text: KeyringText): ListedKey[] {
  const [current, waiting] = [currentOf(text), waitingOf(text)];
  return text.keys.map(({ id, createdAt }) => ({
    id,
    createdAt,
    state: id === current ? 'current' : waiting.includes(id) ? 'waiting' : 'older',
  }));
}

function unseal(record: string, sealed: string, keyOf: (id: string) => Buffer | undefined): Buffer {
  const kind = record.split(':')[0];
  const [version, keyId = '', iv = '', body = ''] = sealed.split('.');
  const key = version === 'v1' ? keyOf(keyId) : undefined;
  if (!key)
    throw new GatewayFault(
      'config-invalid',
      `A sealed ${kind} needs a key that is not in the keyring. Restore the keyring that sealed it.`,
    );
  const bytes = Buffer.from(body, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: tagBytes })
      .setAAD(Buffer.from(record))
      .setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
  } catch (error) {
    throw new GatewayFault('config-invalid', `A sealed ${kind} cannot be opened: it was changed, or sealed by another keyring.`, error);
  }
}
