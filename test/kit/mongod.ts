import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { MongoClient } from 'mongodb';
import { MongoMemoryReplSet, MongoMemoryServer } from 'mongodb-memory-server-core';
import { systemCode } from '../../src/foundation/model/index.ts';

/** A MongoDB for a suite: its address, and a unique database name. */
export type GivenMongo = {
  url(): string;
  database(): string;
  /** False for the server of the user who runs the tests: no faults are injected there. */
  isOurs(): boolean;
};

type Found = { url: string; isOurs: boolean } | { missing: string };
type Server = { stop(options: { doCleanup: boolean; force: boolean }): Promise<boolean> };

const prefix = 'pushgate-mongod-';
const small = ['--wiredTigerCacheSizeGB', '0.25'];
const installMs = 600_000;
const roomBytes = 2 * 1024 ** 3;
const launchTimeout = 60_000;
const started: Server[] = [];
const folders: string[] = [];
let replicaSet: Promise<Found> | undefined;

// A hook of the whole run, whichever file imports this one first: it stops the servers and deletes their data. Outside
// of mocha there is no hook.
if ('after' in globalThis)
  after('stops the test MongoDB', async function () {
    this.timeout(60_000);
    for (const server of started.splice(0)) await server.stop({ doCleanup: true, force: true });
    deleteDataFolders();
  });

/** Deletes the data of all servers of this process, which must have ended. */
export function deleteDataFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/**
 * Gives the surrounding suite the replica set of this run: the one at MONGODB_URL, or a real mongod with its data in a
 * temporary folder. Without one the suite is skipped with a message; with CI=true that is a failure.
 */
export function givenMongo(): GivenMongo {
  return given(async () => {
    replicaSet ??= process.env.MONGODB_URL ? Promise.resolve({ url: process.env.MONGODB_URL, isOurs: false }) : startReplicaSet();
    return replicaSet;
  });
}

/** Gives the surrounding suite its own standalone server: no change streams, no retried writes. */
export const givenStandaloneMongo = (): GivenMongo => given(startStandalone);

function given(start: () => Promise<Found>): GivenMongo {
  const server = { url: '', isOurs: false };
  before('starts the test MongoDB', async function () {
    this.timeout(installMs);
    const found = await start();
    if ('url' in found) Object.assign(server, found);
    else if (process.env.CI) throw new Error(found.missing);
    else {
      process.stderr.write(`\n  SKIPPED, NOT TESTED: ${this.test?.parent?.fullTitle()}: ${found.missing}\n\n`);
      this.skip();
    }
  });
  return {
    url: () => server.url,
    database: () => `pushgate-test-${randomBytes(6).toString('hex')}`,
    isOurs: () => server.isOurs,
  };
}

/** A mongod program and its version. */
export type Binary = { systemBinary: string; version: string };

/** A mongod program, which the script installs if there is none; or the reason why there is none. */
export async function mongodBinary(): Promise<Binary | { missing: string }> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/find-mongod.mjs']);
    const { path, version }: { path: string; version: string } = JSON.parse(stdout);
    return { systemBinary: path, version };
  } catch (error) {
    // The script's own sentence is the last line.
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n');
    return { missing: lines.at(-1) ?? 'no mongod' };
  }
}

/**
 * A folder for the data, deleted at the end of the run. It is in memory if that has room, because every test waits for
 * the journal.
 */
export function dataFolder(): string {
  const place = hasRoom('/dev/shm') ? '/dev/shm' : tmpdir();
  for (const left of globSync(join(place, `${prefix}*`))) if (isLeft(left)) rmSync(left, { recursive: true, force: true });
  const folder = mkdtempSync(join(place, `${prefix}${process.pid}-`));
  folders.push(folder);
  return folder;
}

/** Whether the run that made this folder was killed before it could delete it. */
function isLeft(folder: string): boolean {
  const [pid = ''] = basename(folder).slice(prefix.length).split('-');
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === 'ESRCH';
  }
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > roomBytes;
  } catch {
    return false;
  }
}

async function startReplicaSet(): Promise<Found> {
  const found = await mongodBinary();
  if ('missing' in found) return found;
  const server = await MongoMemoryReplSet.create({
    binary: found,
    instanceOpts: [{ launchTimeout, dbPath: dataFolder() }],
    replSet: { count: 1, name: 'rs0', storageEngine: 'wiredTiger', args: [...small, '--oplogSize', '64'] },
  });
  started.push(server);
  return { url: server.getUri(), isOurs: true };
}

async function startStandalone(): Promise<Found> {
  const found = await mongodBinary();
  if ('missing' in found) return found;
  const server = await MongoMemoryServer.create({
    binary: found,
    instance: { storageEngine: 'wiredTiger', args: small, launchTimeout, dbPath: dataFolder() },
  });
  started.push(server);
  return { url: server.getUri(), isOurs: true };
}

/** Runs `work` with the test's own client, besides the product's. */
export async function withClient<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Drops a database. */
export async function dropDatabase(url: string, database: string): Promise<void> {
  await withClient(url, (client) => client.db(database).dropDatabase());
}
