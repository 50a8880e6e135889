import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';

const block = 16;

/** The inputs of EAX besides the text: a 16-byte key, a nonce, and associated data. */
export type EaxParts = { key: Uint8Array; nonce: Uint8Array; header: Uint8Array };

/** Encrypts by AES-128-EAX: the ciphertext, then its tag of 16 bytes. @see docs/protocols/linotp.md 7.2 */
export function sealEax({ key, nonce, header }: EaxParts, text: Uint8Array): Buffer {
  const start = omac(key, 0, nonce);
  const cipher = createCipheriv('aes-128-ctr', key, start);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([ciphertext, tagOf(key, start, header, ciphertext)]);
}

/** Decrypts a result of `sealEax`; undefined when key, nonce, header, ciphertext or tag do not match. */
export function openEax({ key, nonce, header }: EaxParts, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < block) return undefined;
  const ciphertext = sealed.subarray(0, -block);
  const start = omac(key, 0, nonce);
  if (!timingSafeEqual(tagOf(key, start, header, ciphertext), sealed.subarray(-block))) return undefined;
  const decipher = createDecipheriv('aes-128-ctr', key, start);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function tagOf(key: Uint8Array, start: Buffer, header: Uint8Array, ciphertext: Uint8Array): Buffer {
  const [forHeader, forText] = [omac(key, 1, header), omac(key, 2, ciphertext)];
  return Buffer.from(start.map((byte, index) => byte ^ (forHeader[index] ?? 0) ^ (forText[index] ?? 0)));
}

/** CMAC over a block with the use, then the data. */
function omac(key: Uint8Array, use: number, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.alloc(block), data]);
  named[block - 1] = use;
  return cmac(key, named);
}

/** CMAC of at least one byte: CBC whose last block is masked with one of two derived keys. */
function cmac(key: Uint8Array, data: Uint8Array): Buffer {
  const encrypt = (text: Uint8Array): Buffer => {
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(block)).setAutoPadding(false);
    return Buffer.concat([cipher.update(text), cipher.final()]);
  };
  const isWhole = data.length % block === 0;
  const once = doubled(encrypt(Buffer.alloc(block)));
  const mask = isWhole ? once : doubled(once);
  const padded = isWhole ? Buffer.from(data) : Buffer.concat([data, Buffer.of(0x80), Buffer.alloc(block - 1 - (data.length % block))]);
  const last = padded.length - block;
  for (let index = 0; index < block; index += 1) padded[last + index] = (padded[last + index] ?? 0) ^ (mask[index] ?? 0);
  return encrypt(padded).subarray(-block);
}

/** Doubles a block in GF(2^128). */
function doubled(bytes: Buffer): Buffer {
  const result = Buffer.alloc(block);
  for (let index = 0; index < block; index += 1) result[index] = (((bytes[index] ?? 0) << 1) | ((bytes[index + 1] ?? 0) >> 7)) & 0xff;
  if ((bytes[0] ?? 0) & 0x80) result[block - 1] = (result[block - 1] ?? 0) ^ 0x87;
  return result;
}
