/**
 * `npm test`: the fast tests, two at a time, and beside them one after the other those that start servers or processes of their own.
 * `--only fast` or `--only servers` runs one part; all other arguments go on to mocha: `npm test -- --grep 'The embedded store'`.
 * Ends with 1 when a test failed, or when a part ran none though nothing was left out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A test file that imports one of these, however far away, belongs to the part that starts servers. */
const starters = ['mongod', 'mongod-process', 'slapd', 'freeradius', 'gateway-process', 'gateways'].map((name) => `test/kit/${name}.ts`);
const parts = {
  fast: { files: (all: string[]) => all.filter((file) => !startsServers(file)), args: ['--parallel', '--jobs', '2'] },
  servers: { files: (all: string[]) => all.filter((file) => startsServers(file)), args: [] },
} as const;
type Part = keyof typeof parts;

const known = new Map<string, boolean>();

function startsServers(file: string): boolean {
  const found = known.get(file) ?? starters.includes(file);
  known.set(file, found);
  if (found) return true;
  const imports = [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) => join(dirname(file), path));
  const does = imports.some((path) => path.startsWith('test/') && existsSync(path) && startsServers(path));
  known.set(file, does);
  return does;
}

/** Runs one part to its end; what it writes is shown as it comes, or at the end in one piece. */
async function run(part: Part, { more, quiet }: { more: string[]; quiet: boolean }): Promise<{ code: number; seconds: number }> {
  const files = parts[part].files(globSync(['test/**/*.test.ts', 'providers/**/*.test.ts']).sort());
  const args = [
    '--no-package',
    '--timeout',
    '20000',
    ...(more.length === 0 ? ['--fail-zero'] : []),
    ...parts[part].args,
    ...more,
    ...files,
  ];
  // What was compiled once is kept: most of the time of a process that starts is spent on that.
  const cache = process.env.NODE_V8_COVERAGE ? {} : { NODE_COMPILE_CACHE: 'node_modules/.cache/compile' };
  const begun = performance.now();
  const child = spawn('mocha', args, {
    env: { ...cache, ...process.env },
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
  });
  let told = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
  const [code] = await once(child, 'close');
  process.stdout.write(told);
  return { code: typeof code === 'number' ? code : 1, seconds: (performance.now() - begun) / 1000 };
}

const more = process.argv.slice(2);
const at = more.indexOf('--only');
const [, only] = at < 0 ? [] : more.splice(at, 2);
const chosen = (['fast', 'servers'] as const).filter((part) => only === undefined || only === part);
const ends = await Promise.all(chosen.map(async (part, index) => ({ part, ...(await run(part, { more, quiet: index > 0 })) })));
for (const { part, seconds } of ends) process.stdout.write(`${part} tests: ${seconds.toFixed(0)} s\n`);
if (chosen.length === 0) process.stderr.write(`--only takes ${Object.keys(parts).join(' or ')}\n`);
process.exitCode = chosen.length > 0 && ends.every(({ code }) => code === 0) ? 0 : 1;
