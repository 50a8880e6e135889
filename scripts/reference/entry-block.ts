import { defaultText, exampleText, type ReferenceEntry } from '../../src/config/reference/index.ts';
import { bullet, code, escaped, wrapped } from './markdown.ts';

/** The part of a page that one key or action has: its heading, what it does, and its facts. */
export function entryBlock(entry: ReferenceEntry, level: number): string {
  const heading = `${'#'.repeat(level)} ${code(entry.key)}`;
  return [heading, wrapped(escaped(entry.description)), factsOf(entry).join('\n')].join('\n\n');
}

function factsOf(entry: ReferenceEntry): string[] {
  const { key, place, of, type, unit, unset, scopes, mounts } = entry;
  const isOfKind = of === 'configuration' && key !== place;
  return [
    ...(isOfKind ? [bullet('In the file', code(place))] : []),
    ...(scopes ? [bullet(scopes.length > 1 ? 'Scopes' : 'Scope', scopes.map(code).join(', '))] : []),
    bullet('Type', `${escaped(type)}${unit === undefined ? '' : ` (${unit})`}`),
    ...(unset === undefined ? [bullet('Default', escaped(defaultText(entry)))] : [bullet('Without it', escaped(unset))]),
    ...(mounts ? [bullet('Acts at mounts', mounts.map(code).join(', '))] : []),
    `- Example: ${code(exampleText(entry))}`,
  ];
}
