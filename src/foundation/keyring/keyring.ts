import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { GatewayFault, parseJson } from '../model/index.ts';

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const sealPurpose = 'seal';

const keyringText = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/),
        key: z.base64().refine((text) => Buffer.from(text, 'base64').length === keyBytes, `expected ${keyBytes} bytes in base64`),
        createdAt: z.iso.datetime(),
      }),
    )
    .min(1)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id'),
});

/** The keys that seal every secret in the store. The last one of the file is current; the others still open what they sealed. */
export type Keyring = {
  readonly currentKeyId: string;
  readonly keyIds: readonly string[];
  /** Seals with the current key; `record` is authenticated along, such as `token:PIPU0001A2B3`. */
  seal(record: string, secret: Uint8Array): string;
  /** Opens what was sealed for this record. Throws `config-invalid` when its key is not in the keyring or it was tampered with. */
  open(record: string, sealed: string): Buffer;
  /** The key for one purpose, 32 bytes, of the current or of a named key; undefined for an id that is not in the keyring. */
  derive(purpose: string, keyId?: string): Buffer | undefined;
};

/** Opens the text of a keyring file. Throws `config-invalid` with a sentence that shows no key. */
export function openKeyring(text: string): Keyring {
  const { keys } = parse(text);
  const derived = new Map<string, Buffer>();
  const currentKeyId = keys.at(-1)?.id ?? '';
  const derive = (purpose: string, keyId = currentKeyId): Buffer | undefined => {
    const known = derived.get(`${keyId}:${purpose}`);
    const entry = keys.find(({ id }) => id === keyId);
    if (known || !entry) return known;
    const key = Buffer.from(hkdfSync('sha256', Buffer.from(entry.key, 'base64'), Buffer.alloc(0), `pushgate ${purpose}`, keyBytes));
    derived.set(`${keyId}:${purpose}`, key);
    return key;
  };
  return {
    currentKeyId,
    keyIds: keys.map(({ id }) => id),
    derive,
    seal(record, secret) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', derive(sealPurpose) ?? '', iv).setAAD(Buffer.from(record));
      const body = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
      return ['v1', currentKeyId, iv.toString('base64url'), body.toString('base64url')].join('.');
    },
    open: (record, sealed) => unseal(record, sealed, (keyId) => derive(sealPurpose, keyId)),
  };
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

function parse(text: string): z.output<typeof keyringText> {
  const raw = parseJson(text);
  if (raw === undefined) throw new GatewayFault('config-invalid', 'The keyring is not JSON. Put back the file that the first start made.');
  const parsed = keyringText.safeParse(raw);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`).join('; ');
  throw new GatewayFault('config-invalid', `The keyring is not usable (${where}).`);
}

/** The text of a keyring with one fresh key. */
export const newKeyring = (now: number): string => withKey([], now);

/** The text of a keyring with a fresh key more, which becomes the current one. */
export const rotatedKeyring = (text: string, now: number): string => withKey(parse(text).keys, now);

function withKey(keys: z.output<typeof keyringText>['keys'], now: number): string {
  const key = {
    id: `k${keys.length + 1}-${randomBytes(4).toString('hex')}`,
    key: randomBytes(keyBytes).toString('base64'),
    createdAt: new Date(now).toISOString(),
  };
  return `${JSON.stringify({ keys: [...keys, key] }, null, 2)}\n`;
}
