/**
 * Complete logins per second: trigger, the phone's signed answer, finish. Each is a real HTTP request to a gateway
 * process with the embedded store. Compared with bare RSA signatures of the same key size in the same run.
 * `npm run bench -- logins --seconds 10 --bits 3072 --parallel 32`. `--store mongodb` uses the MongoDB at MONGODB_URL
 * and adds its cost per login; the database is dropped at the end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createKeyringFile } from '../src/foundation/keyring/index.ts';
import { type PiClient, piClient } from '../test/kit/pi-client.ts';
import { type PiPhone, piPhone } from '../test/kit/pi-phone.ts';
import { freePort } from '../test/kit/ports.ts';
import { opensslRate } from './harness/limits.ts';
import { cpuUsed } from './harness/machine.ts';
import { type MongoBench, openMongoBench } from './mongodb.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    bits: { type: 'string', default: '3072' },
    parallel: { type: 'string', default: '32' },
    store: { type: 'string', default: 'embedded' },
  },
});
const seconds = Number(values.seconds);
const bits = Number(values.bits);
const parallel = Number(values.parallel);

const database = `pushgate-bench-${randomBytes(4).toString('hex')}`;
const mongodb = values.store === 'mongodb' ? await openMongoBench(process.env.MONGODB_URL ?? '', database) : undefined;

const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration()));
createKeyringFile(join(folder, 'keyring.json'), Date.now());
const gateway = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', join(folder, 'config.json')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const password = await passwordFrom(gateway);
  const client = piClient(url);
  const phones = await enrolAll(client, password);
  await Promise.all(phones.map((phone, index) => login(client, phone, `user${index}`)));
  const before = await storeOperations();
  const cpuBefore = await mongodb?.cpu();
  const measured = await measure(client, phones);
  if (mongodb && cpuBefore !== undefined) await reportMongo(mongodb, measured, { before, cpuBefore });
  report(measured, opensslRate(bits), nodeSignatures());
} finally {
  gateway.kill('SIGTERM');
  await new Promise((resolve) => gateway.once('exit', resolve));
  await mongodb?.close();
  rmSync(folder, { recursive: true, force: true });
}

function configuration(): object {
  const mounts = [
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/', serves: 'ops' },
  ];
  return {
    listeners: [{ address: `127.0.0.1:${port}`, mounts }],
    store: mongodb ? { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database } : { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
    policies: [
      {
        name: 'enrol',
        scope: 'enrollment',
        actions: { push_firebase_configuration: 'poll only', push_registration_url: `${url}/ttype/push` },
      },
    ],
    settings: { serverKeyBits: bits, serverKeyStock: 1, logLevel: 'error' },
  };
}

function passwordFrom(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const found = /Password:\s+(\S+)/.exec(text)?.[1];
      if (found && text.includes('Ctrl-C')) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
  });
}

async function enrolAll(client: PiClient, password: string): Promise<PiPhone[]> {
  const headers = await client.login('admin', password);
  const phones: PiPhone[] = [];
  for (let index = 0; index < parallel; index += 1) {
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: `user${index}`, pin: '1234' }, headers);
    const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    if ((await phone.rollout()).status !== 200) throw new Error('a rollout failed');
    phones.push(phone);
  }
  return phones;
}

async function login(client: PiClient, phone: PiPhone, user: string): Promise<void> {
  const started = await client.post('/validate/check', { user, pass: '1234' });
  const [challenge] = (await phone.poll()).body.result.value;
  await phone.answer(challenge.nonce);
  const finished = await client.post('/validate/check', { user, pass: '', transaction_id: started.body.detail.transaction_id });
  if (finished.body.result.authentication !== 'ACCEPT') throw new Error(`a login failed: ${finished.text}`);
}

async function measure(client: PiClient, phones: readonly PiPhone[]): Promise<{ logins: number; wall: number; cpu: number }> {
  const pid = gateway.pid ?? 0;
  const cpuBefore = cpuUsed(pid).program;
  const start = performance.now();
  const end = start + seconds * 1000;
  const counts = await Promise.all(
    phones.map(async (phone, index) => {
      let count = 0;
      for (; performance.now() < end; count += 1) await login(client, phone, `user${index}`);
      return count;
    }),
  );
  return {
    logins: counts.reduce((sum, count) => sum + count, 0),
    wall: (performance.now() - start) / 1000,
    cpu: cpuUsed(pid).program - cpuBefore,
  };
}

type StoreOperations = { count: number; seconds: number };

/** How many operations the gateway asked of its store, and its total waiting time for them. */
async function storeOperations(): Promise<StoreOperations> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^pushgate_store_operation_seconds_${name}\\{.*\\} (\\S+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return { count: sum('count'), seconds: sum('sum') };
}

type Before = { before: StoreOperations; cpuBefore: number };

async function reportMongo(mongo: MongoBench, { logins }: { logins: number }, { before, cpuBefore }: Before): Promise<void> {
  const cpu = (await mongo.cpu()) - cpuBefore;
  const after = await storeOperations();
  const operations = after.count - before.count;
  const lines = [
    'MongoDB, one server',
    `  operations per login ${(operations / logins).toFixed(1)}, each ${(((after.seconds - before.seconds) / operations) * 1000).toFixed(2)} ms under this load`,
    `  logins per CPU-second of mongod ${(logins / cpu).toFixed(0)}`,
    ...(await mongo.sizes()),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** The same signature by Node's OpenSSL on one core. */
function nodeSignatures(): number {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const data = Buffer.alloc(128);
  const start = process.cpuUsage();
  let count = 0;
  for (const end = performance.now() + 3000; performance.now() < end; count += 1) sign('sha256', data, privateKey);
  const used = process.cpuUsage(start);
  return count / ((used.user + used.system) / 1_000_000);
}

function report({ logins, wall, cpu }: { logins: number; wall: number; cpu: number }, openssl: number, node: number): void {
  const perCpu = logins / cpu;
  const lines = [
    `full logins (trigger, poll, answer, finish), RSA-${bits}, ${parallel} in flight, ${seconds} s, load from the same machine`,
    `  per second of time              ${(logins / wall).toFixed(0)}`,
    `  per second of the gateway's CPU ${perCpu.toFixed(0)}`,
    `one core, ${bits} bits: openssl speed ${openssl.toFixed(0)} signatures/s; the OpenSSL inside Node ${node.toFixed(0)} signatures/CPU-s`,
    'each login needs one signature by the gateway, since these phones announce no capabilities, so',
    `  logins per CPU-second / openssl speed     = ${(perCpu / openssl).toFixed(2)}`,
    `  logins per CPU-second / Node's signatures = ${(perCpu / node).toFixed(2)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
