import type { ReferenceEntry } from './entry.ts';

/** The example of an entry as a file has it: `"lockout": "source"`. */
export function exampleText({ place, example }: ReferenceEntry): string {
  const name = place.slice(place.lastIndexOf('.') + 1);
  return `${JSON.stringify(name)}: ${jsonLine(example)}`;
}

/** The default of a key in words: a JSON value, or whether the key is required. */
export function defaultText({ required, default: usual }: ReferenceEntry): string {
  if (required) return 'none, it is required';
  return usual === undefined ? 'none, it is optional' : jsonLine(usual);
}

/** JSON in one line, with blanks where people write them. */
const jsonLine = (value: unknown): string =>
  JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ').replace(/\[ /g, '[').replace(/ \]/g, ']');
