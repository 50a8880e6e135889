import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a text (UTF-8), as lower-case hex. */
export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Compares two texts in a time that does not tell where they differ. */
export function equalText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Random decimal digits, each as likely as any other. */
export function randomDigits(count: number): string {
  return Array.from({ length: count }, () => randomInt(10)).join('');
}

/** Random bytes as lower-case hex: two characters per byte. */
export const randomHex = (bytes: number): string => randomBytes(bytes).toString('hex');
