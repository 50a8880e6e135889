/**
 * The cost of each store operation with very many push tokens and finished logins, and with few. Both stores take
 * turns.
 * `npm run bench -- growth --store embedded --records 1000000 --few 1000 --rounds 500`; with `--store mongodb` both use
 * one mongod, and `--mongod` names its program.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { nameKey, type PushToken, type Transaction } from '../src/foundation/model/index.ts';
import { openLog } from '../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../src/store/embedded/index.ts';
import { openMongoStore } from '../src/store/mongodb/index.ts';
import type { Store } from '../src/store/store.ts';
import { freePort } from '../test/kit/ports.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../test/kit/records.ts';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    few: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '500' },
    store: { type: 'string', default: 'embedded' },
    mongod: { type: 'string' },
  },
});
const sizes = [Number(values.few), Number(values.records)] as const;
const rounds = Number(values.rounds);
const batch = 1000;

/** A database of this size, and the number of its next record. */
type Side = { store: Store; size: number; number: number };
const settled = { ...givenTransaction().decision, state: 'accepted' as const, version: 1 };
const some = ({ size }: Side): string => `T${randomInt(size)}`;
const mine = ({ number }: Side): string => `new${number}`;
const effect = (side: Side) => ({ id: mine(side), kind: 'login-succeeded' as const, serial: some(side), at: Date.now() });
const page = { offset: 0, limit: 10, sortBy: 'serial', descending: false } as const;

/** The operations of a login and of housekeeping, in an order in which each finds its record. */
const operations: [name: string, run: (side: Side) => Promise<unknown>][] = [
  ['findToken', (side) => side.store.findToken(some(side))],
  ['tokensOf', (side) => side.store.tokensOf([nameKey({ user: some(side), realm: 'corp' })])],
  ['addTransaction', (side) => side.store.addTransaction(transactionOf(mine(side), some(side)))],
  [
    'appendTrail',
    (side) => side.store.appendTrail(mine(side), [{ at: 1, serial: 's', provider: 'p', outcome: 'sent', reason: '', ms: 1 }]),
  ],
  ['findTokenWithOpen', (side) => side.store.findTokenWithOpen(some(side), 0)],
  ['findTransaction', (side) => side.store.findTransaction(mine(side))],
  ['findByHandle', (side) => side.store.findByHandle('pipush', mine(side))],
  [
    'decide',
    (side) =>
      side.store.decide(mine(side), 0, { ...settled, challenges: transactionOf(mine(side), 's').decision.challenges }, [effect(side)], 1),
  ],
  ['claimDueEffects', (side) => side.store.claimDueEffects(1, 9e15, 10)],
  ['countLogin', (side) => side.store.countLogin(some(side), Date.now(), mine(side))],
  ['removeEffects', (side) => side.store.removeEffects(mine(side), [mine(side)])],
  ['countFailure', (side) => side.store.countFailure([some(side)], 0)],
  ['countUp', (side) => side.store.countUp(`poll:${some(side)}`, 0, 9e15)],
  ['changeToken', async (side) => side.store.changeToken(some(side), 0, { description: 'x' })],
  ['sweep (one is over)', (side) => side.store.sweep(2001, 10)],
  ['listTokens (a page)', (side) => side.store.listTokens({ user: some(side).toLowerCase() }, page)],
];

const transactionOf = (id: string, serial: string) => givenTransaction({ id, createdAt: 1 }, [givenChallenge({ serial, handle: id })]);

const folder = mkdtempSync(join(tmpdir(), 'pushgate-bench-'));
const mongod = values.store === 'mongodb' ? await startMongod() : undefined;
try {
  const sides = [await openSide(sizes[0]), await openSide(sizes[1])] as const;
  report(await measure(sides));
  for (const { store } of sides) await store.close();
} finally {
  await mongod?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Starts a replica set of one member. */
async function startMongod(): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const program = values.mongod ?? JSON.parse(execFileSync(process.execPath, ['scripts/find-mongod.mjs'], { encoding: 'utf8' })).path;
  const where = ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--replSet', 'rs0'];
  const child = spawn(program, [...where, '--wiredTigerCacheSizeGB', '1', '--oplogSize', '512'], { stdio: 'ignore' });
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const client = new MongoClient(url);
  await client.db('admin').command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
  while (!(await client.db('admin').command({ hello: 1 })).isWritablePrimary) await sleep(100);
  await client.close();
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function openStore(size: number): Promise<Store> {
  const log = openLog('silent');
  if (!mongod) return openEmbeddedStore({ path: join(folder, `${size}.db`), log });
  const limits = { maxPoolSize: 10, serverSelectionTimeoutMs: 5000, operationTimeoutMs: 60_000 };
  return openMongoStore({ url: mongod.url, database: `bench-${size}`, ...limits, log });
}

/** A store with this many push tokens and finished logins. */
async function openSide(size: number): Promise<Side> {
  const store = await openStore(size);
  for (let first = 0; first < size; first += batch) {
    const names = Array.from({ length: Math.min(batch, size - first) }, (_, index) => `T${first + index}`);
    await store.importRecords(names.map((name) => ({ kind: 'token', token: tokenNamed(name) })));
    await store.importRecords(names.map((name) => ({ kind: 'transaction', transaction: oldNamed(name), trail: [], effects: [] })));
  }
  return { store, size, number: 0 };
}

function tokenNamed(name: string): PushToken {
  return givenPushToken({ serial: name, owner: { user: name, realm: 'corp', resolver: '' } });
}

/** A finished login that no sweep removes, so that the measured sweep finds only its own. */
function oldNamed(name: string): Transaction {
  const { decision, ...rest } = transactionOf(name, name);
  return { ...rest, decision: { ...decision, state: 'consumed', finishUntil: 9e15 } };
}

/** Milliseconds of each operation, in turn on both sides, so that other load of the machine affects both. */
async function measure(sides: readonly [Side, Side]): Promise<Map<string, [number[], number[]]>> {
  const costs = new Map<string, [number[], number[]]>(operations.map(([name]) => [name, [[], []]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [name, run] of operations)
      for (const [index, side] of sides.entries()) {
        side.number = round;
        const begun = performance.now();
        await run(side);
        costs.get(name)?.[index]?.push(performance.now() - begun);
      }
  return costs;
}

function report(costs: Map<string, [number[], number[]]>): void {
  const median = (list: number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  const lines = [...costs].map(([name, [few, many]]) => {
    const [small, large] = [median(few), median(many)];
    return `  ${name.padEnd(22)} ${small.toFixed(2).padStart(8)} ${large.toFixed(2).padStart(8)} ${(large / small).toFixed(2).padStart(7)}`;
  });
  const head = `median ms of ${rounds} each, beside ${sizes[0]} and beside ${sizes[1]} push tokens and as many old logins, and their ratio`;
  process.stdout.write(`${[head, ...lines].join('\n')}\n`);
}
