/**
 * Many requests that wait for a phone at one gateway (`--how push_wait|long-poll|sse`): their cost while nothing
 * happens, and the time until an answer at the same or another gateway releases each. With `--share 50` so many long
 * polls or streams wait for one challenge, which makes the start cheaper. Two gateway processes share one MongoDB and use the image's
 * settings of malloc. Memory is measured for the waiting gateway's process: resident set at the end of the quiet time
 * (VmRSS, including the pages of the node program), used V8 heap at that time, and the peak of the resident set
 * (VmHWM).
 * `npm run bench -- waiters --count 10000 --answers 200 --how sse`
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MongoMemoryReplSet } from 'mongodb-memory-server-core';
import { Agent, request } from 'undici';
import { createKeyringFile } from '../src/foundation/keyring/index.ts';
import { type PiClient, piClient } from '../test/kit/pi-client.ts';
import { type PiPhone, piPhone } from '../test/kit/pi-phone.ts';
import { freePort } from '../test/kit/ports.ts';
import { cpuUsed } from './harness/machine.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    answers: { type: 'string', default: '200' },
    how: { type: 'string', default: 'push_wait' },
    seconds: { type: 'string', default: '30' },
    share: { type: 'string', default: '1' },
  },
});
const count = Number(values.count);
const answers = Number(values.answers);
const seconds = Number(values.seconds);
const perUser = 50;
const share = Number(values.share);
const apiKey = 'bench-key-0123456789abcdef0123456789abcdef';
const authorized = { authorization: `Bearer ${apiKey}` };
const challenges = new Map<string, { url: Promise<string>; left: number }>();
const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });

/** A way to wait: its label in the metric of waiting requests, and one wait until the phone of this user has accepted. */
type Way = { kind: string; wait: (url: string, user: string) => Promise<void> };
const ways: Record<string, Way> = {
  push_wait: { kind: 'push_wait', wait: waitForReply },
  'long-poll': { kind: 'long_poll', wait: pollLong },
  sse: { kind: 'sse', wait: readStream },
};
const { kind, wait } = wayNamed(values.how);

const released = new Set<Waiting>();

type GatewayProcess = { child: ChildProcess; client: PiClient; password: string };
type Waiting = { user: number; released: Promise<number> };

const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const mongo = process.env.MONGODB_URL === undefined ? await startMongo() : undefined;
const mongoUrl = mongo?.getUri() ?? process.env.MONGODB_URL ?? '';
const gateways: GatewayProcess[] = [];
let isOver = false;
try {
  createKeyringFile(join(folder, 'keyring.json'), Date.now());
  const one = await startGateway();
  const two = await startGateway();
  const phones = await enrolAll(one);
  const residentBefore = residentOf(one);
  const waiting = await startWaiting(one, phones);
  const idle = await costOf(one);
  const same = await releaseSome(one, phones, { waiting, from: 0 });
  const other = await releaseSome(two, phones, { waiting, from: answers });
  report({ ...idle, residentBefore }, { same, other });
} finally {
  isOver = true;
  for (const { child } of gateways) child.kill('SIGKILL');
  await mongo?.stop({ doCleanup: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

async function startMongo(): Promise<MongoMemoryReplSet> {
  const found: { path: string; version: string } = JSON.parse(
    execFileSync(process.execPath, ['scripts/find-mongod.mjs'], { encoding: 'utf8' }),
  );
  const binary = { systemBinary: found.path, version: found.version };
  return MongoMemoryReplSet.create({ binary, replSet: { count: 1, storageEngine: 'wiredTiger' } });
}

async function startGateway(): Promise<GatewayProcess> {
  const port = await freePort();
  const file = join(folder, `config-${port}.json`);
  const actions = { push_firebase_configuration: 'poll only', push_registration_url: `http://127.0.0.1:${port}/ttype/push` };
  const config = {
    listeners: [
      {
        address: `127.0.0.1:${port}`,
        mounts: [
          { path: '/', serves: 'privacyidea' },
          { path: '/rest', serves: 'rest' },
          { path: '/', serves: 'ops' },
        ],
      },
    ],
    store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database: `pushgate-waiters-${process.pid}` },
    keyring: { $file: 'keyring.json' },
    authServers: [
      {
        name: 'bench',
        mounts: ['/', '/rest'],
        networks: ['127.0.0.1/32'],
        apiKeys: [{ $env: 'BENCH_KEY' }],
        rights: ['trigger', 'check', 'poll'],
      },
    ],
    providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
    policies: [
      { name: 'enrol', scope: 'enrollment', actions },
      { name: 'wait', scope: 'authentication', actions: { push_wait: 600, push_open_challenges: 0 } },
    ],
    settings: { serverKeyBits: 2048, serverKeyStock: 4, logLevel: 'error' },
  };
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...mallocOfImage(), ...process.env, MONGODB_URL: mongoUrl, BENCH_KEY: apiKey },
  });
  let text = '';
  while (!text.includes('Ctrl-C')) text += (await once(child.stdout, 'data'))[0];
  const gateway = { child, client: piClient(`http://127.0.0.1:${port}`), password: /Password:\s+(\S+)/.exec(text)?.[1] ?? '' };
  gateways.push(gateway);
  return gateway;
}

/** The image's variables for malloc: without them the process keeps its peak memory. */
function mallocOfImage(): Record<string, string> {
  return Object.fromEntries(
    [...readFileSync('Dockerfile', 'utf8').matchAll(/(MALLOC_\w+)=(\d+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
}

async function enrolAll({ client, password }: GatewayProcess): Promise<PiPhone[]> {
  const headers = await client.login('admin', password);
  const phones: PiPhone[] = [];
  for (let user = 0; user * perUser < count; user += 1) {
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: `user${user}`, pin: '' }, headers);
    const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    if ((await phone.rollout()).status !== 200) throw new Error('a rollout failed');
    phones.push(phone);
  }
  return phones;
}

/** Starts the requests a few at a time: each costs the gateway a signature or two. */
async function startWaiting(gateway: GatewayProcess, phones: readonly PiPhone[]): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  while (waiting.length < count) {
    const user = waiting.length % phones.length;
    waiting.push({ user, released: wait(gateway.client.url, `user${user}`).then(() => performance.now(), failed) });
    if (waiting.length % 25 === 0) await untilWaiting(gateway, waiting.length);
  }
  await untilWaiting(gateway, count);
  return waiting;
}

function wayNamed(name: string): Way {
  const way = ways[name];
  if (!way) throw new Error(`--how is one of ${Object.keys(ways).join(', ')}`);
  return way;
}

/** A login whose request itself waits. */
async function waitForReply(url: string, user: string): Promise<void> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ user, pass: '' }).toString();
  const { statusCode } = await request(`${url}/validate/check`, { dispatcher, method: 'POST', headers, body });
  if (statusCode !== 200) throw new Error(String(statusCode));
}

/** Asks the REST interface, again a second later while it has too much to do. */
async function ask(url: string, over: { method?: string; body?: string } = {}): ReturnType<typeof request> {
  const headers = { ...authorized, 'content-type': 'application/json' };
  for (;;) {
    const reply = await request(url, { dispatcher, headers, ...over });
    if (reply.statusCode !== 503) return reply;
    await reply.body.dump();
    await sleep(1000);
  }
}

/** The URL of a challenge, new for every so many calls for a user. */
function challengeAt(url: string, user: string): Promise<string> {
  const { url: made, left } = challenges.get(user) ?? { url: Promise.resolve(''), left: 0 };
  const next = left > 0 ? made : newChallenge(url, user);
  challenges.set(user, { url: next, left: left > 0 ? left - 1 : share - 1 });
  return next;
}

async function newChallenge(url: string, user: string): Promise<string> {
  const reply = await ask(`${url}/rest/v1/challenges`, {
    method: 'POST',
    body: JSON.stringify({ user, mode: 'confirm', validitySeconds: 600 }),
  });
  const text = await reply.body.text();
  if (reply.statusCode !== 201) throw new Error(`${reply.statusCode} ${text}`);
  return `${url}/rest/v1/challenges/${JSON.parse(text).id}`;
}

/** Asks for a challenge for a minute at a time. */
async function pollLong(url: string, user: string): Promise<void> {
  const challenge = await challengeAt(url, user);
  for (let text = 'pending'; !text.includes('"accepted"'); ) {
    const reply = await ask(`${challenge}?wait=60`);
    text = await reply.body.text();
    if (reply.statusCode !== 200 || !/pending|accepted/.test(text)) throw new Error(`${reply.statusCode} ${text}`);
  }
}

/** Reads the event stream of a challenge; comes back when it ends. */
async function readStream(url: string, user: string): Promise<void> {
  const challenge = await challengeAt(url, user);
  for (;;) {
    const { statusCode, body } = await ask(`${challenge}/events`);
    if (statusCode !== 200) throw new Error(String(statusCode));
    for await (const chunk of body) if (String(chunk).includes('"status":"accepted"')) return;
  }
}

/** A broken request is reported at once, because it makes all later measurements wrong. */
function failed(why: unknown): number {
  if (!isOver) process.stderr.write(`a waiting request ended: ${String(why)}\n`);
  return Number.NaN;
}

async function untilWaiting({ client }: GatewayProcess, wanted: number): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${client.url}/metrics`)).text();
    if (Number(new RegExp(`pushgate_result_waiters\\{kind="${kind}"\\} (\\d+)`).exec(text)?.[1]) >= wanted) return;
    await sleep(100);
  }
}

/** The resident set of a gateway's process (MiB): now (VmRSS), or its peak (VmHWM). */
function residentOf({ child: { pid } }: GatewayProcess, which: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** The cost of a gateway while nothing happens; memory (MiB) at the end of that time. */
type Cost = { share: number; resident: number; peak: number; usedHeap: number };

async function costOf(gateway: GatewayProcess): Promise<Cost> {
  const cpu = (): number => cpuUsed(gateway.child.pid ?? 0).program;
  const before = cpu();
  await sleep(seconds * 1000);
  const share = (cpu() - before) / seconds;
  const resident = residentOf(gateway);
  const text = await (await fetch(`${gateway.client.url}/metrics`)).text();
  const usedHeap = Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]) / 1024 ** 2;
  return { share, resident, peak: residentOf(gateway, 'VmHWM'), usedHeap };
}

/**
 * Answers one challenge after another at this gateway. Returns how long after its answer each request was released
 * (ms).
 */
async function releaseSome(
  { client }: GatewayProcess,
  phones: readonly PiPhone[],
  { waiting, from }: { waiting: readonly Waiting[]; from: number },
): Promise<number[]> {
  const delays: number[] = [];
  for (let number = from; number < from + answers; number += 1) {
    const user = number % phones.length;
    const phone = piPhone(client, { serial: phones[user]?.serial ?? '', credential: '' });
    const nonce = (await phone.poll()).body.result.value[0].nonce;
    const sent = performance.now();
    const ofUser = waiting.filter((each) => each.user === user && !released.has(each));
    const first = Promise.race(ofUser.map(async (each) => ({ each, at: await each.released })));
    await phone.answer(nonce);
    const { each, at } = await first;
    released.add(each);
    delays.push(at - sent);
  }
  return delays;
}

function report(
  { share, resident, peak, usedHeap, residentBefore }: Cost & { residentBefore: number },
  delays: Readonly<Record<'same' | 'other', readonly number[]>>,
): void {
  process.stdout.write(
    `${count} requests wait at one gateway (${values.how}): ${(share * 100).toFixed(1)} % of a core in ${seconds} s in which nothing happens\n` +
      `at the end of these: ${resident.toFixed(0)} MiB resident (VmRSS), of them ${usedHeap.toFixed(0)} MiB used heap; ` +
      `at most ${peak.toFixed(0)} MiB until then (VmHWM), and ${residentBefore.toFixed(0)} MiB before the first of them waited\n` +
      `${answers} answers each, from sending the answer to the release: at the same gateway ${spread(delays.same)}, at the other ${spread(delays.other)}\n`,
  );
}

function spread(delays: readonly number[]): string {
  const sorted = [...delays].sort((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(0);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}
