/**
 * Pushes per second of the gateway's CPU over kept-alive connections, to Firebase and APNs fakes in another process,
 * and its memory meanwhile.
 * `npm run bench -- deliveries --count 100000 --parallel 256 --kind apns`
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadKinds } from '../providers/catalog.ts';
import type { OpenProvider, Push } from '../src/delivery/provider-kit/index.ts';
import { definitionOf } from '../src/delivery/registry/index.ts';
import { Secret } from '../src/foundation/settings/index.ts';
import { openLog } from '../src/foundation/telemetry/index.ts';
import { openHttp, openHttp2 } from '../src/foundation/wire/index.ts';
import { startFakesProcess } from './fakes-process.ts';

const catalog = await loadKinds();

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50000' },
    parallel: { type: 'string', default: '256' },
    kind: { type: 'string', multiple: true, default: ['firebase', 'apns'] },
  },
});
const count = Number(values.count);
const parallel = Number(values.parallel);
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const fakes = await startFakesProcess(folder);
try {
  for (const { kind, config } of fakes.providers.filter((each) => values.kind.includes(each.kind))) {
    const definition = definitionOf(catalog, kind);
    const host = { openHttp, openHttp2, path: (file: string) => file, clock: Date.now, log: openLog('silent') };
    const provider = await definition.open(definition.config.parse(withSecrets(config)), host);
    await deliver(provider, kind, 2000);
    report(kind, await deliver(provider, kind, count));
    await provider.close();
  }
} finally {
  await fakes.stop();
  rmSync(folder, { recursive: true, force: true });
}

function withSecrets(config: Record<string, unknown>): unknown {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const file = typeof value === 'object' && value !== null && '$file' in value ? value.$file : undefined;
      return [key, typeof file === 'string' ? new Secret(readFileSync(file, 'utf8')) : value];
    }),
  );
}

type Measured = { wall: number; cpu: number; memory: number[] };

async function deliver(provider: OpenProvider, kind: string, pushes: number): Promise<Measured> {
  const memory: number[] = [];
  let next = 0;
  const start = { wall: performance.now(), cpu: process.cpuUsage() };
  const lane = async (): Promise<void> => {
    while (next < pushes) {
      const number = next;
      next += 1;
      if (number % Math.ceil(pushes / 5) === 0) memory.push(Math.round(process.memoryUsage().rss / 1_048_576));
      const outcome = await provider.deliver(pushNumber(kind, number), AbortSignal.timeout(30_000));
      if (outcome.kind !== 'sent') throw new Error(`push ${number} ended as ${JSON.stringify(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  const { user, system } = process.cpuUsage(start.cpu);
  return { wall: (performance.now() - start.wall) / 1000, cpu: (user + system) / 1_000_000, memory };
}

function pushNumber(kind: string, number: number): Push {
  const handle = String(number).padStart(32, 'A');
  const value = kind === 'apns' ? (number + 1).toString(16).padStart(64, '0') : `device-${number % 10_000}`;
  const fields = {
    nonce: handle,
    question: 'Log in?',
    title: 'ACME',
    serial: 'PIPU1',
    url: 'https://mfa.example.com/ttype/push',
    sslverify: '1',
  };
  return {
    transactionId: String(number),
    handle,
    phone: 'pipush',
    payload: JSON.stringify({ ...fields, signature: 'A'.repeat(616) }),
    address: { kind: kind === 'apns' ? 'apns' : 'fcm', value, since: 1 },
    expiresAt: Date.now() + 120_000,
    budgetMs: 30_000,
  };
}

function report(kind: string, { wall, cpu, memory }: Measured): void {
  const rate = (seconds: number): string => (count / seconds).toFixed(0).padStart(6);
  process.stdout.write(
    `${kind.padEnd(9)} ${count} pushes, ${parallel} in flight: ${rate(cpu)} per second of our CPU, ${rate(wall)} per second of time; memory ${memory.join(', ')} MiB\n`,
  );
}
