import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, mongodBinary, withClient } from './mongod.ts';
import { freePort } from './ports.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';
import type { Cleanup } from './temporary.ts';

/** A mongod that a test may kill, disconnect and restart: a replica set of one member, reached through a proxy. */
export type MongodProcess = {
  /** Its URL through the proxy, which gateways use. */
  url: string;
  /** Its own URL, for the test itself. */
  besideUrl: string;
  wire: TcpProxy;
  kill(): Promise<void>;
  /** Pauses the process with every connection open (SIGSTOP); it can be resumed. */
  pause(): void;
  resume(): void;
  start(): Promise<void>;
  /** Makes the primary step down; there is no primary for this long. */
  stepDown(seconds: number): Promise<void>;
};

const patienceMs = 60_000;

/**
 * A standalone mongod that requires credentials: `url` contains one of these accounts, with these roles on this
 * database.
 */
export type GuardedMongod = {
  url(user: string, password: string): string;
  add(user: string, password: string, roles: string[]): Promise<void>;
};

/** Starts it; undefined, with a warning, if there is no mongod. With CI=true that is a failure. */
export async function mongodProcess(undo: Cleanup): Promise<MongodProcess | undefined> {
  const program = await givenProgram();
  if (!program) return undefined;
  const folder = dataFolder();
  const port = await freePort();
  const wire = await tcpProxy(undo, port);
  const besideUrl = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const server: { child?: ChildProcess } = {};
  const kill = async (): Promise<void> => {
    const { child } = server;
    const ended = child?.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child?.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    server.child = launch(program, { folder, port }, '--replSet', 'rs0', '--oplogSize', '64');
    await untilPrimary(besideUrl, `127.0.0.1:${wire.port}`);
  };
  undo.later(kill);
  await start();
  return {
    url: `mongodb://127.0.0.1:${wire.port}/?replicaSet=rs0`,
    besideUrl,
    wire,
    kill,
    pause: () => void server.child?.kill('SIGSTOP'),
    resume: () => void server.child?.kill('SIGCONT'),
    start,
    stepDown: (seconds) =>
      withClient(besideUrl, async (client) => {
        await client.db('admin').command({ replSetStepDown: seconds, secondaryCatchUpPeriodSecs: 0, force: true });
      }),
  };
}

/**
 * Starts a member of a replica set that is never initiated. Returns its address; undefined, with a warning, if there is
 * no mongod.
 */
export async function uninitiatedMongod(undo: Cleanup): Promise<string | undefined> {
  const program = await givenProgram();
  if (!program) return undefined;
  const port = await freePort();
  const child = launch(program, { folder: dataFolder(), port }, '--replSet', 'rs0', '--oplogSize', '64');
  undo.later(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await withClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, async (client) => client.db('admin').command({ hello: 1 }));
  return `mongodb://127.0.0.1:${port}/`;
}

/** Starts a mongod with accounts; undefined, with a warning, if there is no mongod. */
export async function guardedMongod(undo: Cleanup, database: string): Promise<GuardedMongod | undefined> {
  const program = await givenProgram();
  if (!program) return undefined;
  const [port, secret] = [await freePort(), randomUUID()];
  const child = launch(program, { folder: dataFolder(), port }, '--auth');
  undo.later(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const root = { createUser: 'root', pwd: secret, roles: ['root'] };
  // While there is no account, a client on this machine may make the first one.
  await withClient(`mongodb://127.0.0.1:${port}/`, async (client) => client.db('admin').command(root));
  return {
    url: (user, password) => `mongodb://${user}:${password}@127.0.0.1:${port}/?authSource=admin`,
    add: (user, pwd, roles) =>
      withClient(`mongodb://root:${secret}@127.0.0.1:${port}/?authSource=admin`, async (client) => {
        await client.db('admin').command({ createUser: user, pwd, roles: roles.map((role) => ({ role, db: database })) });
      }),
  };
}

/** The program to run; undefined if there is none. With CI=true that is a failure. */
async function givenProgram(): Promise<string | undefined> {
  const found = await mongodBinary();
  if (!('missing' in found)) return found.systemBinary;
  assert.ok(!process.env.CI, found.missing);
  process.stderr.write(`\n  SKIPPED, NOT TESTED: ${found.missing}\n\n`);
  return undefined;
}

function launch(program: string, { folder, port }: { folder: string; port: number }, ...more: string[]): ChildProcess {
  const where = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--wiredTigerCacheSizeGB', '0.25'];
  return spawn(program, [...where, ...more], { stdio: 'ignore' });
}

/** Waits until the server accepts writes. A new one becomes a replica set of one member, named `host`. */
async function untilPrimary(url: string, host: string): Promise<void> {
  await withClient(url, async (client) => {
    const admin = client.db('admin');
    for (const begun = performance.now(); performance.now() - begun < patienceMs; await sleep(50)) {
      const hello = await admin.command({ hello: 1 }).catch(() => undefined);
      if (hello?.isWritablePrimary) return;
      if (hello && hello.setName === undefined)
        await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host }] } }).catch(() => undefined);
    }
    assert.fail(`the test MongoDB was not ready within ${patienceMs} ms`);
  });
}
