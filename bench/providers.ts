/**
 * Time of a trigger when providers break: all fine; the first one black-holed (before and after its breaker opens); all
 * black-holed. The gateway and the fakes have their own processes; each row is its own run.
 * `npm run bench -- providers --count 200`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PiClient, piClient } from '../test/kit/pi-client.ts';
import { piPhone } from '../test/kit/pi-phone.ts';
import { freePort } from '../test/kit/ports.ts';
import { type FakesProcess, startFakesProcess } from './fakes-process.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '200' }, parallel: { type: 'string', default: '4' } } });
const count = Number(values.count);
const parallel = Number(values.parallel);

const scenes: [string, object[]][] = [
  ['all fine', []],
  ['first provider black-holed', [{ fake: 'challenge-service', hang: true }]],
  [
    'all black-holed',
    [
      { fake: 'challenge-service', hang: true },
      { fake: 'fcm', hang: true },
    ],
  ],
];
const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const fakes = await startFakesProcess(folder);
try {
  process.stdout.write(`${count} triggers, ${parallel} in flight, plan: challenge service, then Firebase; deadline 2000 ms; times in ms\n`);
  for (const [name, faults] of scenes) {
    await fakes.fault(undefined);
    const times = await withGateway(fakes, async (trigger) => {
      for (let time = 0; time < 20; time += 1) await trigger();
      for (const fault of faults) await fakes.fault(fault);
      return timed(trigger);
    });
    process.stdout.write(`${name.padEnd(26)} ${summary(times)}\n`);
  }
} finally {
  await fakes.stop();
  rmSync(folder, { recursive: true, force: true });
}

type Trigger = () => Promise<void>;

async function withGateway(fakes: FakesProcess, work: (trigger: Trigger) => Promise<number[]>): Promise<number[]> {
  const port = await freePort();
  const place = mkdtempSync(join(folder, 'gateway-'));
  writeFileSync(join(place, 'config.json'), JSON.stringify(configuration(port, fakes)));
  const gateway = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', join(place, 'config.json')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let text = '';
    while (!text.includes('Ctrl-C')) text += (await once(gateway.stdout, 'data'))[0];
    return await work(await enrolled(piClient(`http://127.0.0.1:${port}`), /Password:\s+(\S+)/.exec(text)?.[1] ?? ''));
  } finally {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
}

function configuration(port: number, { providers }: FakesProcess): object {
  const mounts = [
    { path: '/', serves: 'privacyidea' },
    { path: '/', serves: 'ops' },
  ];
  const actions = { push_firebase_configuration: 'fcm', push_registration_url: `http://127.0.0.1:${port}/ttype/push` };
  return {
    listeners: [{ address: `127.0.0.1:${port}`, mounts }],
    store: { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers,
    policies: [
      { name: 'enrol', scope: 'enrollment', actions },
      { name: 'plan', scope: 'authentication', actions: { push_provider: ['cs', 'fcm'], push_deadline_ms: 2000 } },
    ],
    settings: { serverKeyStock: 1, logLevel: 'silent' },
  };
}

/** Enrols a user whose phone has a Firebase address and a gda. Returns a function that triggers a login. */
async function enrolled(client: PiClient, password: string): Promise<Trigger> {
  const headers = await client.login('admin', password);
  const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '' }, headers);
  const { serial, enrollment_credential: credential } = body.detail;
  await piPhone(client, { serial, credential }).rollout({ fbtoken: 'device-of-alice' });
  const added = await fetch(`${client.url}/ops/tokens/${serial}/addresses`, {
    method: 'POST',
    headers: { authorization: headers.authorization ?? '' },
    body: JSON.stringify({ kind: 'gda', value: 'DEADBEEF' }),
  });
  if (!added.ok) throw new Error(`the gda was not added: ${await added.text()}`);
  return async () => {
    const started = await client.post('/validate/check', { user: 'alice', pass: '' });
    if (started.body.result.authentication !== 'CHALLENGE') throw new Error(`a trigger failed: ${started.text}`);
  };
}

async function timed(trigger: Trigger): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const start = performance.now();
      await trigger();
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return times;
}

function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0).padStart(5);
  return `p50 ${at(0.5)}   p90 ${at(0.9)}   p99 ${at(0.99)}   longest ${at(1)}`;
}
