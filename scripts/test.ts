/**
 * `npm test`: runs the fast tests two at a time; beside them, one after another, tests that start a MongoDB, and tests
 * that start other servers or processes. `--only fast`, `mongodb` or `servers` runs one part. All other arguments go to
 * mocha: `npm test -- --grep 'The embedded store'`. Exits with 1 if a test failed, or if a part ran no test although no
 * filter was given.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const kit = (...names: string[]): string[] => names.map((name) => `test/kit/${name}.ts`);
/**
 * A test file belongs to the first part with a starter file among its imports, direct or indirect; the rest are fast.
 */
const starters = {
  mongodb: kit('mongod', 'mongod-process'),
  servers: kit('browser', 'slapd', 'freeradius', 'gateway-process', 'gateways', 'prometheus'),
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

/** All test files that one imports, including itself. */
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

/**
 * Runs one part. Its output appears as it comes, or in one piece at the end. `failures` is the summary of its failed
 * tests.
 */
async function run(
  part: Part,
  { more, quiet }: { more: string[]; quiet: boolean },
): Promise<{ code: number; seconds: number; failures: string }> {
  const all = globSync(['test/**/*.test.ts', 'providers/**/*.test.ts']).sort();
  const files = all.filter((file) => partOf(file) === part);
  const args = [
    '--no-package',
    // Catches tests that hang: on a busy machine the slowest ones take half of it.
    '--timeout',
    '60000',
    ...(more.length === 0 ? ['--fail-zero'] : []),
    ...(part === 'fast' ? ['--parallel', '--jobs', '2'] : []),
    ...(process.stdout.isTTY ? ['--color'] : []),
    ...more,
    ...files,
  ];
  // Keeps compiled code, which is most of the start time of a process.
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
// Repeats failures at the end, because thousands of lines come after them. The count is not repeated: CI adds counts
// up.
for (const { part, failures } of ends)
  if (failures) process.stdout.write(`${part} tests that failed:${failures.replace(/^.*failing.*/, '')}`);
for (const { part, seconds } of ends) process.stdout.write(`${part} tests: ${seconds.toFixed(0)} s\n`);
if (chosen.length === 0) process.stderr.write(`--only takes ${parts.join(', ')}\n`);
process.exitCode = chosen.length > 0 && ends.every(({ code }) => code === 0) ? 0 : 1;
