import { hash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a text (UTF-8), as lower-case hex. */
export const sha256Hex = (text: string): string => hash('sha256', text);

/** Compares two texts in constant time. */
export function equalText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => hash('sha256', text, 'buffer');
  return timingSafeEqual(digest(a), digest(b));
}

/** Random decimal digits, uniformly distributed. */
export function randomDigits(count: number): string {
  return Array.from({ length: count }, () => randomInt(10)).join('');
}

let stock = Buffer.alloc(0);

/**
 * Random bytes as lower-case hex: two characters per byte. Drawn in bulk, since a request takes eight and one draw
 * costs as much as a hundred bytes.
 */
export function randomHex(bytes: number): string {
  if (stock.length < bytes) stock = randomBytes(Math.max(bytes, 2048));
  const taken = stock.toString('hex', 0, bytes);
  stock = stock.subarray(bytes);
  return taken;
}
