/**
 * `npm test`: the fast tests, two at a time, and beside them, one after the other, those that start a MongoDB and those that start other servers or
 * processes. `--only fast`, `mongodb` or `servers` runs one part; all other arguments go on to mocha: `npm test -- --grep 'The embedded store'`.
 * Ends with 1 when a test failed, or when a part ran none though nothing was left out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const kit = (...names: string[]): string[] => names.map((name) => `test/kit/${name}.ts`);
/** A test file belongs to the first part one of whose files it imports, however far away; the rest are fast. */
const starters = {
  mongodb: kit('mongod', 'mongod-process'),
  servers: kit('slapd', 'freeradius', 'gateway-process', 'gateways', 'prometheus'),
} as const;
const parts = ['fast', 'mongodb', 'servers'] as const;
type Part = (typeof parts)[number];

const imports = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  const known = imports.get(file);
  if (known) return known;
  const paths = [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path));
  const own = paths.filter((path) => path.startsWith('test/') && existsSync(path));
  imports.set(file, own);
  return own;
}

/** All files of the tests that one needs, itself among them. */
function needs(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const path of importsOf(file)) needs(path, seen);
  return seen;
}

function partOf(file: string): Part {
  const needed = needs(file);
  const isNeeded = (name: keyof typeof starters): boolean => starters[name].some((path) => needed.has(path));
  return isNeeded('mongodb') ? 'mongodb' : isNeeded('servers') ? 'servers' : 'fast';
}

/** Runs one part to its end; what it writes is shown as it comes, or at the end in one piece. `failures` is what it tells of those at its end. */
async function run(
  part: Part,
  { more, quiet }: { more: string[]; quiet: boolean },
): Promise<{ code: number; seconds: number; failures: string }> {
  const all = globSync(['test/**/*.test.ts', 'providers/**/*.test.ts']).sort();
  const files = all.filter((file) => partOf(file) === part);
  const args = [
    '--no-package',
    // For what hangs: on a busy machine the slowest ones take half of it.
    '--timeout',
    '60000',
    ...(more.length === 0 ? ['--fail-zero'] : []),
    ...(part === 'fast' ? ['--parallel', '--jobs', '2'] : []),
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...more,
    ...files,
  ];
  // What was compiled once is kept: most of the time of a process that starts is spent on that.
  const cache = process.env.NODE_V8_COVERAGE ? {} : { NODE_COMPILE_CACHE: resolve('node_modules/.cache/compile') };
  const begun = performance.now();
  const child = spawn('mocha', args, { env: { ...cache, ...process.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      if (!quiet) process.stdout.write(text);
    });
  const [code] = await once(child, 'close');
  if (quiet) process.stdout.write(told);
  const failing = told.search(/^.*\d+ failing\b/m);
  return {
    code: typeof code === 'number' ? code : 1,
    seconds: (performance.now() - begun) / 1000,
    failures: failing < 0 ? '' : told.slice(failing),
  };
}

const more = process.argv.slice(2);
const at = more.indexOf('--only');
const [, only] = at < 0 ? [] : more.splice(at, 2);
const chosen = parts.filter((part) => only === undefined || only === part);
const ends = await Promise.all(chosen.map(async (part, index) => ({ part, ...(await run(part, { more, quiet: index > 0 })) })));
// Thousands of lines stand between a failure and the end; who reads only that shall see it. The count is not repeated: CI adds them up.
for (const { part, failures } of ends)
  if (failures) process.stdout.write(`${part} tests that failed:${failures.replace(/^.*failing.*/, '')}`);
for (const { part, seconds } of ends) process.stdout.write(`${part} tests: ${seconds.toFixed(0)} s\n`);
if (chosen.length === 0) process.stderr.write(`--only takes ${parts.join(', ')}\n`);
process.exitCode = chosen.length > 0 && ends.every(({ code }) => code === 0) ? 0 : 1;
