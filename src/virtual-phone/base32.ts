const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 base32: upper case, padded with `=` to a multiple of eight. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
  }
  if (bits > 0) text += alphabet[(held << (5 - bits)) & 31];
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

/** Decodes the output of `toBase32` only: undefined for lower case, missing padding, whitespace or extra bits. */
export function fromBase32(text: string): Uint8Array | undefined {
  if (text.length % 8 !== 0 || !/^[A-Z2-7]*={0,6}$/.test(text)) return undefined;
  const digits = text.replace(/=+$/, '');
  // One, three or six digits at the end cannot be whole bytes.
  if ([1, 3, 6].includes(digits.length % 8)) return undefined;
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const digit of digits) {
    held = ((held << 5) | alphabet.indexOf(digit)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
  }
  return (held & ((1 << bits) - 1)) === 0 ? Uint8Array.from(bytes) : undefined;
}
