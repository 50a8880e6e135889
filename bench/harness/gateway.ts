import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { PushToken } from '../../src/foundation/model/index.ts';
import type { Store } from '../../src/store/store.ts';
import { piClient } from '../../test/kit/pi-client.ts';
import { piPhone } from '../../test/kit/pi-phone.ts';
import { freePort } from '../../test/kit/ports.ts';
import type { FcmSink } from './fcm-sink.ts';
import { phonePublicKey } from './phone.ts';

/**
 * The setup of a measured gateway. `checkout` is a folder with a built pushgate; `tokens` is the number of users, each
 * with one push token.
 */
export type Setup = {
  checkout: string;
  store: 'embedded' | 'mongodb';
  workers: number;
  keyBits: number;
  tokens: number;
  /** How many server keys are in stock before phones need them; default 0. */
  stock?: number;
  fcm: FcmSink;
  /** A folder for CPU profiles (`.cpuprofile`) of its processes, which are written when they end. */
  profile?: string | undefined;
};

/** A user with one push token, enrolled by the phone of `pi-phone.ts`. Its PIN is 1234. */
export type User = { name: string; serial: string };

/** A built gateway in its own processes. */
export type Gateway = {
  setup: Setup;
  port: number;
  pid: number;
  users: readonly User[];
  /** The request header of an administrator. */
  admin: Record<string, string>;
  /**
   * Stops it and starts it again; resolves with the time (ms) from the start of the process to the first successful
   * `/readyz`.
   */
  restart(): Promise<number>;
  stop(): Promise<void>;
};

/** Builds the program of a checkout. */
export function build(checkout: string): void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: checkout, stdio: 'inherit' });
}

/**
 * Starts a gateway on a new store with this many push tokens. One is enrolled as phones do it; the others are copies.
 */
export async function startGateway(setup: Setup): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
  const database = `pushgate-bench-${randomBytes(4).toString('hex')}`;
  const port = await freePort();
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(configuration(setup, { port, database })));
  const { createKeyringFile } = await moduleOf<Keyrings>(setup, 'foundation/keyring');
  createKeyringFile(join(folder, 'keyring.json'), Date.now());
  const first = await start(setup, { config, port });
  const password = /Password:\s+(\S+)/.exec(first.told())?.[1] ?? '';
  const serial = await enrol(port, password);
  await stop(first.child);
  const users = await multiply(setup, { folder, database, serial });
  let now = await start(setup, { config, port });
  return {
    setup,
    port,
    get pid() {
      return now.child.pid ?? 0;
    },
    users,
    admin: await piClient(`http://127.0.0.1:${port}`).login('admin', password),
    async restart() {
      await stop(now.child);
      now = await start(setup, { config, port });
      return now.startMs;
    },
    async stop() {
      await stop(now.child);
      if (setup.store === 'mongodb') await dropDatabase(database);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration({ store, workers, keyBits, fcm }: Setup, { port, database }: { port: number; database: string }): object {
  const privacyidea = { path: '/', serves: 'privacyidea', publicPoll: true };
  const actions = { push_firebase_configuration: 'fcm', push_registration_url: `http://127.0.0.1:${port}/ttype/push` };
  return {
    listeners: [
      {
        address: `127.0.0.1:${port}`,
        mounts: [privacyidea, { path: '/relay', serves: 'challenge-service' }, { path: '/', serves: 'ops' }],
      },
    ],
    authServers: [
      { name: 'page', networks: ['127.0.0.0/8'], mounts: ['/'] },
      { name: 'linotp', networks: ['127.0.0.0/8'], mounts: ['/relay'] },
    ],
    store: store === 'mongodb' ? { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database } : { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers: [{ name: 'fcm', kind: 'firebase', default: true, config: fcm.provider }],
    policies: [{ name: 'enrol', scope: 'enrollment', actions }],
    ...(workers > 1 ? { cluster: { workers } } : {}),
    settings: { serverKeyBits: keyBits, serverKeyStock: 1, logLevel: 'info' },
  };
}

type Started = { child: ChildProcess; told(): string; startMs: number };

async function start({ checkout, profile }: Setup, { config, port }: { config: string; port: number }): Promise<Started> {
  const begun = performance.now();
  const options = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const args = [...options, 'dist/src/main.js', 'serve', '--config', config];
  const env = { ...process.env, ...environmentOfImage(checkout) };
  const child = spawn(process.execPath, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'], env });
  process.once('exit', () => child.kill('SIGKILL'));
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    // The log goes here too; it is dropped.
    if (!told.includes('Ctrl-C')) told += text;
  });
  let wrong = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    wrong = `${wrong}${text}`.slice(0, 4000);
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}: ${wrong}`);
    const reply = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (reply?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const startMs = performance.now() - begun;
  while (!told.includes('Ctrl-C')) await once(child.stdout, 'data');
  return { child, told: () => told, startMs };
}

/** The environment of the container image: `NODE_ENV`, and two settings of malloc. */
function environmentOfImage(checkout: string): Record<string, string> {
  const set = /^ENV (NODE_ENV=.*)$/m.exec(readFileSync(join(checkout, 'Dockerfile'), 'utf8'))?.[1] ?? '';
  return Object.fromEntries(
    set.split(' ').map((each): [string, string] => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]),
  );
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function enrol(port: number, password: string): Promise<string> {
  const client = piClient(`http://127.0.0.1:${port}`);
  const headers = await client.login('admin', password);
  const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'template', pin: '1234' }, headers);
  const { serial, enrollment_credential: credential } = body.detail;
  const reply = await piPhone(client, { serial, credential }).rollout({ fbtoken: 'device-0', pubkey: phonePublicKey });
  if (reply.status !== 200) throw new Error(`the rollout failed: ${reply.text}`);
  return serial;
}

/** Copies of one push token, each with its own owner, serial and sealed key. */
async function multiply(setup: Setup, { folder, database, serial }: { folder: string; database: string; serial: string }): Promise<User[]> {
  const { openKeyring, sealedFor } = await moduleOf<Keyrings>(setup, 'foundation/keyring');
  const store = await openStore(setup, { folder, database });
  const template = await store.findToken(serial);
  if (!template?.serverKey || !template.owner) throw new Error('the push token that was enrolled is not there');
  const { owner, serverKey, addresses } = template;
  const keyring = openKeyring(readFileSync(join(folder, 'keyring.json'), 'utf8'));
  const secret = keyring.open(sealedFor.token(serial), serverKey.sealedPrivateKey);
  const copy = (number: number): PushToken => {
    const own = `PIPU${String(number).padStart(8, '0')}`;
    return {
      ...template,
      serial: own,
      owner: { ...owner, user: `user${number}` },
      addresses: addresses.map((address) => ({ ...address, value: `device-${number}` })),
      serverKey: { ...serverKey, sealedPrivateKey: keyring.seal(sealedFor.token(own), secret) },
    };
  };
  const copies = Array.from({ length: setup.tokens }, (_, number) => copy(number + 1));
  for (let from = 0; from < copies.length; from += 64) await Promise.all(copies.slice(from, from + 64).map((each) => store.addToken(each)));
  const { publicKey } = serverKey;
  for (let number = 0; number < (setup.stock ?? 0); number += 1) {
    const id = `bench-${number}`;
    await store.addStockKey({ id, bits: setup.keyBits, publicKey, sealedPrivateKey: keyring.seal(sealedFor.stockKey(id), secret) });
  }
  await store.close();
  return copies.map(({ serial: own, owner: whose }) => ({ name: whose?.user ?? '', serial: own }));
}

async function openStore(setup: Setup, { folder, database }: { folder: string; database: string }): Promise<Store> {
  const { openLog } = await moduleOf<Telemetry>(setup, 'foundation/telemetry');
  const log = openLog('silent');
  if (setup.store === 'mongodb') {
    const { openMongoStore } = await moduleOf<Mongodb>(setup, 'store/mongodb');
    return openMongoStore({
      url: mongodbUrl(),
      database,
      maxPoolSize: 10,
      serverSelectionTimeoutMs: 5000,
      operationTimeoutMs: 60_000,
      log,
    });
  }
  const { openEmbeddedStore } = await moduleOf<Embedded>(setup, 'store/embedded');
  return openEmbeddedStore({ path: join(folder, 'pushgate.db'), log });
}

async function dropDatabase(database: string): Promise<void> {
  const client = await new MongoClient(mongodbUrl()).connect();
  await client.db(database).dropDatabase();
  await client.close();
}

/** The processes of MongoDB on this machine: their CPU is not counted for the gateway. */
export async function storeProcesses(store: Setup['store']): Promise<number[]> {
  if (store === 'embedded') return [];
  const client = await new MongoClient(mongodbUrl()).connect();
  const { pid } = await client.db('admin').command({ serverStatus: 1 });
  await client.close();
  return existsSync(`/proc/${Number(pid)}/stat`) ? [Number(pid)] : [];
}

function mongodbUrl(): string {
  const { MONGODB_URL: url } = process.env;
  if (url === undefined) throw new Error('--store mongodb needs MONGODB_URL, of a replica set');
  return url;
}

type Keyrings = typeof import('../../src/foundation/keyring/index.ts');
type Telemetry = typeof import('../../src/foundation/telemetry/index.ts');
type Mongodb = typeof import('../../src/store/mongodb/index.ts');
type Embedded = typeof import('../../src/store/embedded/index.ts');

/** A module of the checkout itself, so that each version reads its own data. */
const moduleOf = <T>({ checkout }: Setup, name: string): Promise<T> => import(join(checkout, 'dist/src', name, 'index.js'));
