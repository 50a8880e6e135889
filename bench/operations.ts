/**
 * Operations per second of a gateway, the cost of each, and the ratio to the machine's limits, measured in the same
 * run.
 * `npm run bench -- [NAME…] --rounds 3 --warm 2 --tokens 500 --parallel 8 --bits 4096 --store embedded --workers 1
 * --json FILE --profile FOLDER`; `--against FOLDER` measures another checkout in turn. `--store mongodb` uses the
 * MongoDB at MONGODB_URL; its database is dropped at the end.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startFcmSink } from './harness/fcm-sink.ts';
import { build, type Gateway, startGateway, storeProcesses } from './harness/gateway.ts';
import { measureLimits } from './harness/limits.ts';
import { machineName, pssOf } from './harness/machine.ts';
import { gainsOf, type Series, tableOf } from './harness/report.ts';
import { benches, enrolmentsOf, limitOf, type Note, oneRound } from './rounds.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    warm: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '500' },
    parallel: { type: 'string', default: '8' },
    bits: { type: 'string', default: '4096' },
    store: { type: 'string', default: 'embedded' },
    workers: { type: 'string', default: '1' },
    against: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
});
if (values.store !== 'embedded' && values.store !== 'mongodb') throw new Error('--store takes embedded or mongodb');
const shape = {
  store: values.store,
  workers: Number(values.workers),
  keyBits: Number(values.bits),
  tokens: Number(values.tokens),
  profile: values.profile,
} as const;
const strange = positionals.filter((name) => !benches.includes(name));
if (strange.length > 0) throw new Error(`there is no bench ${strange.join(', ')}; there are ${benches.join(', ')}`);
const wanted = positionals.length > 0 ? positionals : benches;
const parallel = Number(values.parallel);
const rounds = Number(values.warm) + Number(values.rounds);
const stock = wanted.includes('enrolment') ? rounds * enrolmentsOf(shape.tokens) : 0;
const here = resolve(import.meta.dirname, '..');
const sides = [
  { name: 'here', checkout: here },
  ...(values.against === undefined ? [] : [{ name: 'there', checkout: resolve(values.against) }]),
];

// On a signal, exit so that the child processes end too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
for (const { checkout } of sides) build(checkout);
const fcm = await startFcmSink(folder);
const series: Series[] = [];
const gateways: { name: string; gateway: Gateway }[] = [];
try {
  const limits = await measureLimits({ keyBits: shape.keyBits, parallel });
  for (const { name, checkout } of sides) gateways.push({ name, gateway: await startGateway({ ...shape, stock, checkout, fcm }) });
  const helpers = [fcm.pid, ...(await storeProcesses(shape.store))];
  process.stdout.write(`${headOf(limits)}\n`);
  for (let round = 1 - Number(values.warm); round <= Number(values.rounds); round += 1)
    for (const side of gateways) {
      // The first rounds open keys and compile code, so they are not counted.
      const note: Note = round < 1 ? () => undefined : noteOf(side.name, limits);
      await oneRound({ gateway: side.gateway, parallel, note, helpers, taken: fcm.taken }, wanted);
      process.stderr.write(`round ${round} of ${values.rounds}, ${side.name}: ${Math.round(pssOf(side.gateway.pid))} MiB\n`);
    }
  process.stdout.write(`${tableOf(series)}\n`);
  if (sides.length > 1) process.stdout.write(`${gainsOf(series, 'here', 'there')}\n`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine: machineName(), shape, parallel, limits, series }, null, 2)}\n`);
} finally {
  for (const { gateway } of gateways) await gateway.stop();
  await fcm.stop();
  rmSync(folder, { recursive: true, force: true });
}

function noteOf(side: string, limits: Awaited<ReturnType<typeof measureLimits>>): Note {
  return (bench, sample, signatures = 0) => {
    if (!wanted.includes(bench)) return;
    let found = series.find((each) => each.bench === bench && each.side === side);
    if (!found) {
      found = { bench, side, samples: [], limit: limitOf(bench, signatures, limits) };
      series.push(found);
    }
    found.samples.push(sample);
  };
}

function headOf(limits: Awaited<ReturnType<typeof measureLimits>>): string {
  const rates = Object.entries(limits).map(([name, rate]) => `${name} ${Math.round(rate)}`);
  const memory = gateways.map(({ name, gateway }) => `${name}: ${Math.round(pssOf(gateway.pid))} MiB`);
  return [machineName(), `limits per second: ${rates.join(', ')}`, ...memory].join('\n');
}
