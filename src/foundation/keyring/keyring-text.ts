import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { GatewayFault, ok, parseJson, type Result, refused } from '../model/index.ts';

/** The length of a key in bytes. */
export const keyBytes = 32;

const keyId = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);

const keyringText = z
  .strictObject({
    /** When a store was first filled with this keyring; absent: never, or the file was not writable. */
    usedSince: z.iso.datetime().optional(),
    /** The key that seals; absent: the last one. Keys after it wait until every gateway has them. */
    current: keyId.optional(),
    keys: z
      .array(
        z.strictObject({
          id: keyId,
          key: z.base64().refine((text) => Buffer.from(text, 'base64').length === keyBytes, `expected ${keyBytes} bytes in base64`),
          createdAt: z.iso.datetime(),
        }),
      )
      .min(1)
      .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id'),
  })
  .refine(({ current, keys }) => current === undefined || keys.some(({ id }) => id === current), 'the current key is not among the keys');

/** The content of a keyring file. */
export type KeyringText = z.output<typeof keyringText>;

/** Parses a keyring file, or returns the reason why it is invalid, without any key material. */
export function readKeyringText(text: string): Result<KeyringText, string> {
  const raw = parseJson(text);
  if (raw === undefined) return refused('The keyring is not JSON. Restore the file that the first start created.');
  const parsed = keyringText.safeParse(raw);
  if (parsed.success) return ok(parsed.data);
  const where = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'file'}: ${message}`).join('; ');
  return refused(`The keyring is invalid (${where}).`);
}

/** Parses a keyring file. Throws `config-invalid`. */
export function parseKeyringText(text: string): KeyringText {
  const read = readKeyringText(text);
  if (read.ok) return read.value;
  throw new GatewayFault('config-invalid', read.error);
}

/** The id of the key that seals. */
export const currentOf = ({ current, keys }: KeyringText): string => current ?? keys.at(-1)?.id ?? '';

/** The ids of the keys that wait to become current. */
export function waitingOf(text: KeyringText): string[] {
  const ids = text.keys.map(({ id }) => id);
  return ids.slice(ids.indexOf(currentOf(text)) + 1);
}

/** The text of a keyring with one fresh key. */
export const newKeyring = (now: number): string => written({ keys: [newKey([], now)] });

/** The text of a keyring with a fresh waiting key added; unchanged when a key waits already. */
export function preparedKeyring(text: string, now: number): string {
  const parsed = parseKeyringText(text);
  if (waitingOf(parsed).length > 0) return text;
  return written({ ...parsed, current: currentOf(parsed), keys: [...parsed.keys, newKey(parsed.keys, now)] });
}

/** The text of a keyring whose waiting key has become current; without a waiting key, a fresh one becomes current. */
export function rotatedKeyring(text: string, now: number): string {
  const { current: _before, ...parsed } = parseKeyringText(preparedKeyring(text, now));
  return written(parsed);
}

/** Notes in a keyring that a store was filled with it at `now`; unchanged when that is noted already. */
export function usedKeyring(text: string, now: number): string {
  const parsed = parseKeyringText(text);
  return parsed.usedSince === undefined ? written({ usedSince: new Date(now).toISOString(), ...parsed }) : text;
}

const newKey = (keys: KeyringText['keys'], now: number): KeyringText['keys'][number] => ({
  id: `k${keys.length + 1}-${randomBytes(4).toString('hex')}`,
  key: randomBytes(keyBytes).toString('base64'),
  createdAt: new Date(now).toISOString(),
});

const written = (text: KeyringText): string => `${JSON.stringify(text, null, 2)}\n`;
