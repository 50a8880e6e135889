/** Base64 with `-` and `_` and without padding, as all of LinOTP's URLs carry it. */
export const toBase64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/**
 * Reads base64 as LinOTP does: of both alphabets, padded or not, and what belongs to neither is passed over. Undefined for a length that no bytes
 * have. One value has many texts, so that only the bytes may tell one message from another.
 * @see docs/protocols/linotp.md 7.2
 */
export function fromBase64(text: string): Buffer | undefined {
  const digits = text.replace(/[^A-Za-z0-9+/_-]/g, '');
  return digits.length % 4 === 1 ? undefined : Buffer.from(digits, 'base64url');
}

/** A text as the layouts hold it: UTF-8, then NUL. */
export const nulText = (text: string): Buffer => Buffer.from(`${text}\0`);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads exactly `count` texts that end with NUL each, and nothing after them; undefined for anything else, and for what is not UTF-8. */
export function readTexts(bytes: Uint8Array, count: number): string[] | undefined {
  if (bytes.at(-1) !== 0) return undefined;
  try {
    const texts = decoder.decode(bytes.subarray(0, -1)).split('\0');
    return texts.length === count ? texts : undefined;
  } catch {
    return undefined;
  }
}

/** A number of four bytes, little endian. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
