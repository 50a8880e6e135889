import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { GatewayFault, ok, type Result, refused } from '../model/index.ts';
import { currentOf, type KeyringText, keyBytes, parseKeyringText, readKeyringText, waitingOf } from './keyring-text.ts';

const ivBytes = 12;
const tagBytes = 16;
const sealPurpose = 'seal';

/** A key as it may be shown. `older` ones still open what they sealed; a `waiting` one opens too, and seals nothing yet. */
export type ListedKey = { id: string; createdAt: string; state: 'older' | 'current' | 'waiting' };

/** The keys that seal every secret in the store. They change when the file does. */
export type Keyring = {
  readonly currentKeyId: string;
  readonly keyIds: readonly string[];
  /** All keys, in the order of the file. */
  readonly keys: readonly ListedKey[];
  /** Whether a key seals no more: it comes before the current one, or is not in the keyring. What a key that waits has sealed is another gateway's, and new. */
  isOlder(keyId: string): boolean;
  /** When a store was first filled with it (ISO 8601), where the file notes that. */
  readonly usedSince: string | undefined;
  /** Seals with the current key; `record` is authenticated along, such as `token:PIPU0001A2B3`. */
  seal(record: string, secret: Uint8Array): string;
  /** Opens what was sealed for this record. Throws `config-invalid` when its key is not in the keyring or it was tampered with. */
  open(record: string, sealed: string): Buffer;
  /** The key for one purpose, 32 bytes, of the current or of a named key; undefined for an id that is not in the keyring, nor in its file by now. */
  derive(purpose: string, keyId?: string): Buffer | undefined;
  /** Takes over what has changed in the file. One that is broken, or lacks the key that is current here, is refused with a sentence, as long as it is there. */
  refresh(): Result<'same' | 'changed', string>;
};

/** The text of the file, where it has changed since it was last read; undefined where it has not; or why it cannot be read. */
export type RereadKeyring = () => Result<string | undefined, string>;

/** Opens the text of a keyring file. Throws `config-invalid` with a sentence that shows no key. */
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
    // Another gateway may seal with a new key before this one has looked at the file again.
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

/** What secrets are sealed for, each by its record: opened for another one they stay shut. */
export const sealedFor = {
  token: (serial: string): string => `token:${serial}`,
  stockKey: (id: string): string => `stock:${id}`,
  sharedKey: (id: string): string => `partition:${id}`,
  person: (id: string): string => `person:${id}`,
} as const;

/** The id of the key that sealed a text; empty for a text that no keyring sealed. */
export const sealedBy = (sealed: string): string => (sealed.startsWith('v1.') ? (sealed.split('.')[1] ?? '') : '');

/** Reads a text that goes on where another one was: with the key that was current, and no key with another's id. */
function continuing(before: KeyringText, text: string): Result<KeyringText, string> {
  const next = readKeyringText(text);
  if (!next.ok) return next;
  const keys = new Map(before.keys.map(({ id, key }) => [id, key]));
  const isSame = next.value.keys.every(({ id, key }) => (keys.get(id) ?? key) === key);
  if (isSame && next.value.keys.some(({ id }) => id === currentOf(before))) return next;
  return refused(`The keyring lacks the key ${currentOf(before)}, which is in use. Put it back; to use another keyring, start anew.`);
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
      `A sealed ${kind} needs a key that is not in the keyring. Put the keyring back that sealed it.`,
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
