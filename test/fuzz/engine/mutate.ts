import type { Random } from './random.ts';

/** What stands between the fields of an input that has several. */
export const fieldMark = '\x1e';

/** One input made of several fields. */
export const inputOf = (...fields: readonly (string | Uint8Array)[]): Buffer =>
  Buffer.concat(fields.flatMap((field, at) => [...(at === 0 ? [] : [Buffer.from(fieldMark)]), Buffer.from(field)]));

/** The first `count` fields of an input as bytes; what is missing is empty, what is too much is part of the last one. */
export function fieldBytes(input: Buffer, count: number): Buffer[] {
  const fields: Buffer[] = [];
  let rest = input;
  while (fields.length < count - 1) {
    const at = rest.indexOf(fieldMark);
    fields.push(at < 0 ? rest : rest.subarray(0, at));
    rest = at < 0 ? Buffer.alloc(0) : rest.subarray(at + 1);
  }
  return [...fields, rest];
}

/** The same as texts. */
export const fieldsOf = (input: Buffer, count: number): string[] => fieldBytes(input, count).map((field) => field.toString());

/** Texts that parsers are known to trip over. */
const pieces = [
  ...[
    '\0',
    '\r\n',
    '\n',
    ' ',
    '\t',
    '%',
    '%00',
    '%zz',
    '%25',
    '+',
    '&',
    '=',
    ';',
    ',',
    '.',
    ':',
    '/',
    '\\',
    '"',
    "'",
    '`',
    '<b>',
    '[',
    ']',
    '{',
    '}',
    '(',
  ],
  ...[
    '*',
    '!',
    '|',
    '$',
    '@',
    '#',
    '..',
    '--',
    '==',
    '{}',
    '[]',
    '[[[[',
    '":',
    'null',
    'true',
    '__proto__',
    'constructor',
    'toString',
    'NaN',
    fieldMark,
  ],
  ...['ä', '€', '😀', '\u0301', '\u202e', '\ufeff', '\u2028', 'ß', 'İ', 'ς', '\uff21', '\u3000', '\ufffd', '\\ud800', '\\u0000'],
  ...['-----BEGIN CERTIFICATE-----', '0x', '1e400', '-0', 'Bearer ', 'Content-Length: 1', 'http://', '2026-02-30', 'W53', 'Z', '+23:59'],
] as const;
const numbers = [
  '0',
  '1',
  '-1',
  '127',
  '128',
  '255',
  '256',
  '32767',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967295',
  '4294967296',
] as const;
const largeNumbers = [
  '9007199254740991',
  '9007199254740993',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999',
  '1e308',
] as const;
const edgeBytes = [0, 1, 0x1e, 0x20, 0x22, 0x25, 0x2e, 0x30, 0x7f, 0x80, 0xbf, 0xc0, 0xed, 0xf4, 0xfe, 0xff] as const;

type Mutation = (bytes: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer;

const spliced = (bytes: Buffer, at: number, removed: number, added: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
const stretch = (bytes: Buffer, random: Random, longest = 64): { at: number; length: number } => {
  const at = random.below(bytes.length);
  return { at, length: Math.min(bytes.length - at, 1 + random.below(longest)) };
};

/** What may befall the bytes of any message. */
const plain: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    return spliced(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << random.below(8))));
  },
  (bytes, random) => spliced(bytes, random.below(bytes.length), 1, Buffer.of(random.pick(edgeBytes))),
  function cutOff(bytes, random) {
    return Buffer.from(bytes.subarray(0, random.below(bytes.length + 1)));
  },
  function remove(bytes, random) {
    const { at, length } = stretch(bytes, random);
    return spliced(bytes, at, length, Buffer.alloc(0));
  },
  function repeat(bytes, random) {
    const { at, length } = stretch(bytes, random);
    const times = 1 + random.below(8);
    return spliced(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => bytes.subarray(at, at + length))));
  },
  function move(bytes, random) {
    const { at, length } = stretch(bytes, random);
    const taken = bytes.subarray(at, at + length);
    const left = spliced(bytes, at, length, Buffer.alloc(0));
    return spliced(left, random.below(left.length + 1), 0, taken);
  },
  (bytes, random) => spliced(bytes, random.below(bytes.length + 1), 0, random.bytes(1 + random.below(8))),
  function changeLength(bytes, random) {
    const width = random.pick([1, 2, 4]);
    if (bytes.length < width) return bytes;
    const at = random.below(bytes.length - width + 1);
    const most = 2 ** (8 * width) - 1;
    const found = bytes.readUIntBE(at, width);
    const changed = Buffer.alloc(width);
    changed.writeUIntBE(random.pick([0, most, most - 1, Math.min(most, found + 1), Math.max(0, found - 1), bytes.length & most]), 0, width);
    return spliced(bytes, at, width, random.oneIn(2) ? changed : changed.reverse());
  },
  function cross(bytes, random, seeds) {
    const other = random.pick(seeds);
    const [here, there] = [random.below(bytes.length + 1), random.below(other.length + 1)];
    return Buffer.concat([bytes.subarray(0, here), other.subarray(there)]);
  },
];

/** What may befall a text. */
const textual: readonly Mutation[] = [
  (bytes, random) => spliced(bytes, random.below(bytes.length + 1), random.below(3), Buffer.from(random.pick(pieces))),
  (bytes, random) => replaced(bytes, random, /-?\d+/g, () => Buffer.from(random.pick(random.oneIn(2) ? numbers : largeNumbers))),
  (bytes, random) =>
    replaced(bytes, random, /[A-Za-z]+/g, (word) => Buffer.from(random.oneIn(2) ? word.toUpperCase() : word.toLowerCase(), 'latin1')),
  (bytes, random) => replaced(bytes, random, /[^A-Za-z0-9]/g, (sign) => Buffer.from(encodeURIComponent(sign))),
  (bytes, random) => replaced(bytes, random, /%[0-9A-Fa-f]{2}/g, (found) => Buffer.from(found.slice(1), 'hex')),
  function swapFields(bytes, random, seeds) {
    const [own, others] = [bytes.toString('latin1').split(fieldMark), random.pick(seeds).toString('latin1').split(fieldMark)];
    const at = random.below(own.length);
    return Buffer.from(own.map((field, place) => (place === at ? (others[place] ?? '') : field)).join(fieldMark), 'latin1');
  },
  (bytes, random) => replaced(bytes, random, /[A-Z2-7]{16,}={0,6}/g, (text) => Buffer.from(toBase32(change(fromBase32(text), random)))),
  (bytes, random) =>
    replaced(bytes, random, /[0-9a-f]{16,}/g, (text) => Buffer.from(change(Buffer.from(text, 'hex'), random).toString('hex'))),
  (bytes, random) =>
    replaced(bytes, random, /[A-Za-z0-9_-]{16,}/g, (text) =>
      Buffer.from(change(Buffer.from(text, 'base64url'), random).toString('base64url')),
    ),
  (bytes, random) =>
    replaced(bytes, random, /[A-Za-z0-9+/]{16,}={0,2}/g, (text) =>
      Buffer.from(change(Buffer.from(text, 'base64'), random).toString('base64')),
    ),
];

const change = (bytes: Buffer, random: Random): Buffer => random.pick(plain)(bytes, random, [bytes]);

/** One of the places that a pattern finds, changed; the bytes as they are where it finds none. */
function replaced(bytes: Buffer, random: Random, pattern: RegExp, by: (found: string) => Buffer): Buffer {
  const places = [...bytes.toString('latin1').matchAll(pattern)];
  if (places.length === 0) return bytes;
  const { index, 0: found } = random.pick(places);
  return spliced(bytes, index, found.length, by(found));
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Whatever bits a text of base32 has, those of a part of a byte dropped. */
function fromBase32(text: string): Buffer {
  const bits = [...text.replace(/=+$/, '')].map((digit) => alphabet.indexOf(digit).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

function toBase32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
  return digits.padEnd(Math.ceil(digits.length / 8) * 8, '=');
}

const most = 6;

/** One input: a seed with some changes, now and then very long, and now and then nothing but noise. Never longer than `longest` bytes. */
export function makeInput(random: Random, seeds: readonly Buffer[], longest: number): Buffer {
  if (random.oneIn(64)) return random.bytes(random.below(Math.min(longest, 200)));
  let input = random.pick(seeds);
  for (let left = 1 + random.below(most); left > 0; left -= 1) {
    // Short inputs are text as often as not, and a parser of bytes may well be sent text.
    input = random.pick(random.oneIn(2) ? textual : plain)(input, random, seeds);
    if (input.length === 0 && random.oneIn(2)) input = random.pick(seeds);
  }
  return (random.oneIn(100) ? lengthened(input, random, longest) : input).subarray(0, longest);
}

/** What parsers that go back count again and again. */
const repeated = [' ', '\t', ',', ';', ':', '=', '&', '%', '"', '\\', '(', '[', '{', '.', '-', '0', 'a', 'A', '\n', '\0'] as const;

/** One sign, or one stretch of an input, as often as there is room. */
function lengthened(input: Buffer, random: Random, longest: number): Buffer {
  const { at, length } = stretch(input, random, 16);
  const room = longest - input.length;
  const what = random.oneIn(2) ? Buffer.from(random.pick(repeated)) : input.subarray(at, at + length);
  if (what.length === 0 || room < what.length) return input;
  return spliced(input, at, 0, Buffer.alloc(room - (room % what.length), what));
}
