/**
 * `npm run chaos -- --store embedded|mongodb [--kills 200] [--seed 1] [--resume]`: gateways under load that are killed, cut off and starved, in stints of
 * twenty kills, each on a fresh store. The history of each stint is kept in build/chaos/, and checked when it is over. `--resume` leaves out the
 * stints that a run with the same seed has finished, and does the one that was interrupted again. Ends with 1 when a promise was broken.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deleteDataFolders } from '../kit/mongod.ts';
import { cleanup } from '../kit/temporary.ts';
import { check } from './checker.ts';
import { readHistory } from './history.ts';
import type { StoreKind } from './stand.ts';
import { runStint, type StintReport } from './stint.ts';

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'embedded' },
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    resume: { type: 'boolean', default: false },
  },
});
const killsInStint = 20;
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!['embedded', 'mongodb'].includes(values.store) || !Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  process.stderr.write('--store takes embedded or mongodb, --kills and --seed whole numbers\n');
  process.exit(2);
}
const store = values.store as StoreKind;
const folder = join('build/chaos', `${store}-${seed}`);
mkdirSync(folder, { recursive: true });

// Processes that start again and again shall not be compiled again and again.
process.env.NODE_COMPILE_CACHE ??= 'build/chaos/compiled';
const undo = cleanup();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    await undo.run();
    deleteDataFolders();
    process.exit(130);
  });

const sum: StintReport = { wrong: [], faults: {}, numbers: {} };
for (let stint = 0; stint * killsInStint < kills; stint += 1) {
  const [file, done] = [join(folder, `${stint}.jsonl`), join(folder, `${stint}.json`)];
  const known = values.resume && existsSync(done) ? readReport(file, done) : undefined;
  const report =
    known ??
    (await runStint(undo, { store, kills: Math.min(killsInStint, kills - stint * killsInStint), seed: seed * 1000 + stint, file }));
  deleteDataFolders();
  if (!report) process.exit(1);
  writeFileSync(done, JSON.stringify(report, undefined, 2));
  add(report);
  process.stdout.write(`stint ${stint}: ${JSON.stringify(report.numbers)}${known ? ' (of a run before)' : ''}\n`);
  for (const what of report.wrong) process.stdout.write(`  BROKEN: ${what}\n`);
}
process.stdout.write(`in all: ${JSON.stringify(sum.numbers)}\n${JSON.stringify(sum.faults)}\nbroken promises: ${sum.wrong.length}\n`);
process.exitCode = sum.wrong.length === 0 ? 0 : 1;

/** What a run before saw; its history is checked anew. */
function readReport(file: string, done: string): StintReport {
  const { faults, numbers } = JSON.parse(readFileSync(done, 'utf8')) as StintReport;
  return { faults, numbers, wrong: check(readHistory(file)) };
}

/** What one stint saw is added to the sum; of what took longest the longest is kept. */
function add({ wrong, faults, numbers }: StintReport): void {
  sum.wrong.push(...wrong);
  for (const [name, count] of Object.entries(faults)) sum.faults[name] = (sum.faults[name] ?? 0) + count;
  for (const [name, count] of Object.entries(numbers))
    sum.numbers[name] = name.startsWith('slowest') ? Math.max(sum.numbers[name] ?? 0, count) : (sum.numbers[name] ?? 0) + count;
}
