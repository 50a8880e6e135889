import type { ReferenceEntry } from './entry.ts';

/** One fact about an entry, such as its type. `isCode`: the text is literal configuration. */
export type Fact = { name: string; text: string; isCode?: true };

/** The facts shown below an entry's description. */
export function factsOf(entry: ReferenceEntry): Fact[] {
  const { key, place, of, type, unit, unset, scopes, mounts } = entry;
  return [
    ...(of === 'configuration' && key !== place ? [{ name: 'In the file', text: place, isCode: true } as const] : []),
    ...(scopes ? [{ name: scopes.length > 1 ? 'Scopes' : 'Scope', text: scopes.join(', ') }] : []),
    { name: 'Type', text: unit === undefined ? type : `${type} (${unit})` },
    unset === undefined ? { name: 'Default', text: defaultText(entry) } : { name: 'Without it', text: unset },
    ...(mounts ? [{ name: 'Acts at mounts', text: mounts.join(', ') }] : []),
    { name: 'Example', text: exampleText(entry), isCode: true },
  ];
}

function exampleText({ place, example }: ReferenceEntry): string {
  const name = place.slice(place.lastIndexOf('.') + 1);
  return `${JSON.stringify(name)}: ${jsonLine(example)}`;
}

function defaultText({ required, default: usual }: ReferenceEntry): string {
  if (required) return 'none, it is required';
  return usual === undefined ? 'none, it is optional' : jsonLine(usual);
}

/** JSON in one line, with spaces. */
const jsonLine = (value: unknown): string =>
  JSON.stringify(value, null, 1).replace(/\n\s*/g, ' ').replace(/\[ /g, '[').replace(/ \]/g, ']');
