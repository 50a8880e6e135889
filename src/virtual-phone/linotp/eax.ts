import { createCipheriv } from 'node:crypto';

/**
 * Encrypts by AES-128-EAX, implemented from its definition: the ciphertext and the 16-byte tag.
 * @see docs/protocols/linotp.md 7.2
 */
export function sealed(key: Uint8Array, nonce: Uint8Array, header: Uint8Array, text: Uint8Array): Buffer {
  const start = mac(key, 0n, nonce);
  const ciphertext = counted(key, start, text);
  const tag = xor(xor(start, mac(key, 1n, header)), mac(key, 2n, ciphertext));
  return Buffer.concat([ciphertext, tag]);
}

/** AES-CTR with a 128-bit big-endian counter; encryption and decryption are the same. */
export function counted(key: Uint8Array, start: Uint8Array, text: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  let counter = BigInt(`0x${Buffer.from(start).toString('hex')}`);
  for (let at = 0; at < text.length; at += 16, counter = (counter + 1n) % 2n ** 128n)
    blocks.push(xor(text.subarray(at, at + 16), encrypted(key, number(counter))));
  return Buffer.concat(blocks);
}

function mac(key: Uint8Array, use: bigint, data: Uint8Array): Buffer {
  const once = twice(encrypted(key, number(0n)));
  const all = Buffer.concat([number(use), data]);
  const left = all.length % 16;
  const padded = left === 0 ? all : Buffer.concat([all, Buffer.of(0x80), Buffer.alloc(15 - left)]);
  let state = number(0n);
  for (let at = 0; at < padded.length; at += 16) {
    const isLast = at + 16 === padded.length;
    const mask = isLast ? (left === 0 ? once : twice(once)) : number(0n);
    state = encrypted(key, xor(xor(padded.subarray(at, at + 16), state), mask));
  }
  return state;
}

function twice(block: Buffer): Buffer {
  const value = BigInt(`0x${block.toString('hex')}`);
  const doubled = (value << 1n) & (2n ** 128n - 1n);
  return number(value >> 127n === 1n ? doubled ^ 0x87n : doubled);
}

const encrypted = (key: Uint8Array, block: Uint8Array): Buffer =>
  createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
const number = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
const xor = (one: Uint8Array, other: Uint8Array): Buffer => Buffer.from(one.map((byte, index) => byte ^ (other[index] ?? 0)));
