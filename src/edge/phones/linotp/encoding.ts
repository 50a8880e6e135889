/** Base64url without padding, as in all LinOTP URLs. */
export const toBase64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/**
 * Decodes base64 like LinOTP: both alphabets, padding optional, other characters ignored. Undefined for an impossible
 * length. Several texts have the same value, so compare messages by their bytes.
 * @see docs/protocols/linotp.md 7.2
 */
export function fromBase64(text: string): Buffer | undefined {
  const digits = text.replace(/[^A-Za-z0-9+/_-]/g, '');
  return digits.length % 4 === 1 ? undefined : Buffer.from(digits, 'base64url');
}

/** A NUL-terminated UTF-8 text. */
export const nulText = (text: string): Buffer => Buffer.from(`${text}\0`);

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes exactly `count` NUL-terminated texts; undefined for anything else, including invalid UTF-8. */
export function readTexts(bytes: Uint8Array, count: number): string[] | undefined {
  if (bytes.at(-1) !== 0) return undefined;
  try {
    const texts = decoder.decode(bytes.subarray(0, -1)).split('\0');
    return texts.length === count ? texts : undefined;
  } catch {
    return undefined;
  }
}

/** Four bytes, little endian. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
