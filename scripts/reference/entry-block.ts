import { type Fact, factsOf, type ReferenceEntry } from '../../src/config/reference/index.ts';
import { bullet, code, escaped, wrapped } from './markdown.ts';

/** The section of one key or action: heading, description and facts. */
export function entryBlock(entry: ReferenceEntry, level: number): string {
  const heading = `${'#'.repeat(level)} ${code(entry.key)}`;
  return [heading, wrapped(escaped(entry.description)), factsOf(entry).map(factBullet).join('\n')].join('\n\n');
}

const factBullet = ({ name, text, isCode }: Fact): string => bullet(name, isCode ? code(text) : escaped(text));
