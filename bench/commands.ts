/**
 * Time of commands from start to end, in the built program; each runs once per round, in turn:
 * `npm run bench -- commands --rounds 10`. `--against FOLDER` measures another checkout too. A bare Node start is the
 * limit.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createKeyringFile } from '../src/foundation/keyring/index.ts';
import { build } from './harness/gateway.ts';
import { cpuOfEnded, machineName } from './harness/machine.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' }, against: { type: 'string' } } });
const here = resolve(import.meta.dirname, '..');
const sides = [
  { name: 'here', checkout: here },
  ...(values.against === undefined ? [] : [{ name: 'there', checkout: resolve(values.against) }]),
];
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));

/** A command to run, and its time (ms) and CPU time (ms) in each round. */
type Row = { name: string; side: string; args: string[]; cwd: string; ms: number[]; cpuMs: number[] };

try {
  for (const { checkout } of sides) build(checkout);
  for (const name of ['config', 'data']) mkdirSync(join(folder, name));
  createKeyringFile(join(folder, 'data/keyring.json'), Date.now());
  const config = join(folder, 'config/config.json');
  writeFileSync(config, readFileSync(join(here, 'config/default.json')));
  const rows: Row[] = [rowOf('node', { name: '', checkout: folder }, ['--eval', ''])];
  for (const side of sides)
    for (const [name = '', ...rest] of [['--version'], ['help'], ['check-config', config]])
      rows.push(rowOf(name, side, ['dist/src/main.js', name, ...rest]));
  // A first run of each fills the file caches of the system and the store.
  for (const row of rows) run(row, { isCounted: false });
  for (let round = 0; round < Number(values.rounds); round += 1) for (const row of rows) run(row, { isCounted: true });
  process.stdout.write(`${machineName()}; the median, with the least in brackets\n`);
  for (const { name, side, ms, cpuMs } of rows)
    process.stdout.write(`${name.padEnd(14)} ${side.padEnd(6)} ${figure(ms)} ms, ${figure(cpuMs)} ms of CPU\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function rowOf(name: string, { name: side, checkout: cwd }: (typeof sides)[number], args: string[]): Row {
  return { name, side, args, cwd, ms: [], cpuMs: [] };
}

function run({ name, args, cwd, ms, cpuMs }: Row, { isCounted }: { isCounted: boolean }): void {
  const before = cpuOfEnded();
  const begun = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  if (!isCounted) return;
  ms.push(performance.now() - begun);
  cpuMs.push((cpuOfEnded() - before) * 1000);
}

function figure(samples: readonly number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  return `${Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)} (${Math.round(sorted[0] ?? 0)})`;
}
