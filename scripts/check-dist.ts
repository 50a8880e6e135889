/**
 * Proves that every file of `dist/` equals its source without types, so that tests of the sources also cover the
 * shipped files. Exits with 1 and a list of other differences.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { difference } from './built-program.ts';

const sources = globSync(['src/**/*.ts', 'providers/**/*.ts']).filter((path) => !path.endsWith('.test.ts'));
const builtOf = (path: string): string => join('dist', path.replace(/\.ts$/, '.js'));
const strays = globSync('dist/**/*.js').filter((path) => !sources.some((source) => builtOf(source) === path));
const problems = sources.flatMap((path) => {
  if (!existsSync(builtOf(path))) return [`${path}: ${builtOf(path)} is missing; run npm run build`];
  const found = difference(readFileSync(path, 'utf8'), readFileSync(builtOf(path), 'utf8'));
  return found === undefined ? [] : [`${path}: ${found}`];
});
problems.push(...strays.map((path) => `${path}: has no source; delete dist/ and run npm run build`));
if (problems.length > 0) process.stderr.write(`${problems.join('\n')}\n`);
process.stdout.write(`dist/: ${sources.length - problems.length} of ${sources.length} files are their sources without types\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
