import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** The first characters of an API key that pushgate made. */
const prefix = 'pgk_';
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The lengths of 256 bits and of a CRC-32 in base 62. */
const [secretLength, checksumLength] = [43, 6];

/**
 * Makes an API key: `pgk_`, 32 random bytes in 43 digits of base 62, `_`, and the CRC-32 of all before it in 6 digits.
 * Scanners for secrets find it by `pgk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}`.
 */
export function makeApiKey(): string {
  const start = `${prefix}${base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretLength)}_`;
  return `${start}${checksumOf(start)}`;
}

/** Whether a text begins like a key of `makeApiKey`, but is not one: it was mistyped or cut off. */
export function isMistyped(text: string): boolean {
  if (!text.startsWith(prefix)) return false;
  const start = text.slice(0, -checksumLength);
  return !/^pgk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/.test(text) || checksumOf(start) !== text.slice(-checksumLength);
}

/** A key as the configuration may hold it: `sha256:` and its hash in hex. */
export const hashedApiKey = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;

const checksumOf = (start: string): string => base62(BigInt(crc32(start)), checksumLength);

function base62(number: bigint, length: number): string {
  let text = '';
  for (let rest = number; text.length < length; rest /= 62n) text = `${digits[Number(rest % 62n)]}${text}`;
  return text;
}
