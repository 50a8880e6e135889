/**
 * Sends ten times the logins that a gateway can do, for ten seconds. Reports how many are refused at once, how many
 * clients give up, the results of the rest, the memory, and the time until recovery. The load comes from its own
 * process at a fixed rate. A login is: trigger, the phone's poll, its signed answer, finish; with `--pin wrong` it is
 * one check of a wrong PIN, which costs a hash.
 * `npm run bench -- overload --times 10 --seconds 10 --pin right`
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createKeyringFile } from '../src/foundation/keyring/index.ts';
import { piClient } from '../test/kit/pi-client.ts';
import { phoneKeys, piPhone } from '../test/kit/pi-phone.ts';
import { freePort } from '../test/kit/ports.ts';
import type { Load, Offered, Wish } from './overload-load.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '10' },
    users: { type: 'string', default: '100' },
    pin: { type: 'string', default: 'right' },
  },
});
const ms = Number(values.seconds) * 1000;
const usualShare = 0.5;
const timeoutMs = 10_000;
const quietMs = 20_000;
const windowMs = 500;
let wishes = 0;

const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const url = `http://127.0.0.1:${await freePort()}`;
writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration()));
createKeyringFile(join(folder, 'keyring.json'), Date.now());
const gateway = spawn(process.execPath, ['bin/pushgate.mjs', 'serve', '--config', join(folder, 'config.json')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const loader = fork(join(import.meta.dirname, 'overload-load.ts'), { stdio: 'inherit' });
try {
  const users = await enrolAll(await passwordFrom(gateway));
  const phoneKey = String(phoneKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const load: Load = { url, users, phoneKey, pin: values.pin === 'wrong' ? '4321' : '1234', timeoutMs };
  loader.send(load);
  await offer({ parallel: 16, ms: 2000 });
  const full = await offer({ parallel: 32, ms: 5000 });
  const capacity = full.filter(({ end }) => end === 'good').length / 5;
  const usual = { rate: capacity * usualShare };
  const before = await offer({ ...usual, ms: 5000 });
  const memory = watchMemory(gateway.pid ?? 0);
  // The usual load continues afterwards, to measure the recovery.
  const flood = offer({ rate: capacity * Number(values.times), ms });
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = await offer({ ...usual, ms: quietMs });
  report({ capacity, before, flood: await flood, after, memory: memory.stop() });
} finally {
  loader.kill();
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  rmSync(folder, { recursive: true, force: true });
}

function configuration(): object {
  const mounts = [
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/', serves: 'ops' },
  ];
  const actions = { push_firebase_configuration: 'poll only', push_registration_url: `${url}/ttype/push` };
  return {
    listeners: [{ address: new URL(url).host, mounts }],
    store: { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
    policies: [
      { name: 'enrol', scope: 'enrollment', actions },
      { name: 'no limits', scope: 'authentication', actions: { push_open_challenges: 0, push_prompts_without_accept: 0 } },
    ],
    settings: { serverKeyBits: 2048, serverKeyStock: 4, IncFailCountOnFalsePin: false, logLevel: 'silent' },
  };
}

async function passwordFrom(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  while (!text.includes('Ctrl-C')) await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  return /Password:\s+(\S+)/.exec(text)?.[1] ?? '';
}

async function enrolAll(password: string): Promise<Load['users']> {
  const client = piClient(url);
  const headers = await client.login('admin', password);
  const users: Load['users'] = [];
  for (let number = 0; number < Number(values.users); number += 1) {
    const user = `user${number}`;
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user, pin: '1234' }, headers);
    const { serial, enrollment_credential: credential } = body.detail;
    if ((await piPhone(client, { serial, credential }).rollout()).status !== 200) throw new Error('a rollout failed');
    // A correct PIN is cached from now on.
    await client.post('/validate/check', { user, pass: '1234' });
    users.push({ user, serial });
  }
  return users;
}

/** Makes the other process send logins. */
function offer(wish: Omit<Wish, 'id'>): Promise<Offered[]> {
  wishes += 1;
  const id = wishes;
  return new Promise((resolve) => {
    const heard = (reply: { id: number; offered: Offered[] }): void => {
      if (reply.id !== id) return;
      loader.off('message', heard);
      resolve(reply.offered);
    };
    loader.on('message', heard);
    loader.send({ id, ...wish });
  });
}

type Memory = { before: number; most: number };

/** The resident set of a process (MiB): at the start, and the maximum. */
function watchMemory(pid: number): { stop(): Memory } {
  const now = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = now();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, now());
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return { before, most };
    },
  };
}

function at(share: number, offered: readonly Offered[]): number {
  const sorted = offered.map(({ firstMs }) => firstMs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * When the last bad interval of the usual load ended (s). An interval is bad if a login failed or took twice as long as
 * before.
 */
function recovery(before: readonly Offered[], after: readonly Offered[]): number {
  const usual = at(0.95, before) * 2 + 20;
  let last = 0;
  for (let from = 0; from < quietMs; from += windowMs) {
    const stretch = after.filter((each) => each.at >= from && each.at < from + windowMs);
    if (stretch.some(({ end }) => end !== 'good') || at(0.95, stretch) > usual) last = from + windowMs;
  }
  return last / 1000;
}

type Measured = { capacity: number; before: Offered[]; flood: Offered[]; after: Offered[]; memory: Memory };

function report({ capacity, before, flood, after, memory }: Measured): void {
  const of = (end: Offered['end']): Offered[] => flood.filter((each) => each.end === end);
  const told = (end: Offered['end']): string => `${of(end).length} (${((of(end).length / flood.length) * 100).toFixed(0)} %)`;
  const offeredFor = Math.max(...flood.map((each) => each.at)) / 1000;
  const times = (offered: readonly Offered[]): string =>
    `p50 ${at(0.5, offered).toFixed(0)}, p95 ${at(0.95, offered).toFixed(0)}, p99 ${at(0.99, offered).toFixed(0)} ms`;
  const lines = [
    `logins with a ${values.pin} PIN: ${capacity.toFixed(0)}/s at most; half of that: first reply ${times(before)}`,
    `${values.times} times that: ${(flood.length / offeredFor).toFixed(0)}/s offered for ${offeredFor.toFixed(1)} s`,
    `  done ${told('good')}, ${(of('good').length / offeredFor).toFixed(0)}/s; first reply ${times(of('good'))}`,
    `  refused with 503 ${told('shed')}; reply ${times(of('shed'))}`,
    `  given up by the client after ${timeoutMs / 1000} s ${told('late')}; failed otherwise ${told('failed')}`,
    `  memory ${memory.before.toFixed(0)} MiB before, ${memory.most.toFixed(0)} MiB at most`,
    `  as before after ${recovery(before, after).toFixed(1)} s; then first reply ${times(after.slice(-Math.floor(after.length / 4)))}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
