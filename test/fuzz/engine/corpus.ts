import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Parser } from './parser.ts';

const folder = 'test/fuzz/corpus';

/** One kept input, by its file. */
export type Kept = { file: string; input: Buffer };

/** The kept inputs of a parser, in the order of their names. */
export function readCorpus({ name }: Pick<Parser, 'name'>): Kept[] {
  const own = join(folder, name);
  const files = existsSync(own) ? readdirSync(own).sort() : [];
  return files.map((file) => ({ file: join(own, file), input: readFileSync(join(own, file)) }));
}

/** Keeps an input, under a name that its bytes give it. Returns its file. */
export function keep({ name }: Pick<Parser, 'name'>, kind: 'finding' | 'end', input: Buffer): string {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  const file = join(own, `${kind}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(file, input);
  return file;
}

/** The parsers that have a corpus. */
export const corpusFolders = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);
