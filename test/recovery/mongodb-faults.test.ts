import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';
import { type GatewayNode, type GivenGateways, givenGateways } from '../kit/gateways.ts';
import { withClient } from '../kit/mongod.ts';
import { type MongodProcess, mongodProcess } from '../kit/mongod-process.ts';
import { keysOf } from '../kit/records.ts';
import { cleanup } from '../kit/temporary.ts';
import { openStoreAt } from '../store/mongodb/mongo-kit.ts';
import { type Balancer, checkLedger, enrol, type Ledger, login, openLedger } from './login-ledger.ts';

const workers = 8;
const database = 'pushgate-test-faults';
/** An operation is given up after that; whoever asked is told at once. The rest is for a machine that is busy with other things. */
const limits = { serverSelectionTimeoutMs: 1000, operationTimeoutMs: 2500 };
const deadlineMs = limits.operationTimeoutMs + 1500;

describe('Gateway processes under load whose MongoDB breaks', function () {
  this.timeout(180_000);
  const undo = cleanup();
  let mongod: MongodProcess;
  let given: GivenGateways;
  let store: Store;

  before('starts a MongoDB, three gateways and their users', async function () {
    const started = await mongodProcess(undo);
    if (!started) return this.skip();
    mongod = started;
    given = await givenGateways(undo, { count: 3, url: mongod.url, database, store: limits });
    store = await openStoreAt(mongod.besideUrl, database);
    undo.later(() => store.close());
    await stockKeys(given, store);
  });
  after(() => undo.run());

  /** That every gateway says so: 200 when it can be used, 503 when not. */
  const untilReadyz = async (status: 200 | 503): Promise<void> => {
    // All at once: an outage may be over before one has been asked after the other.
    await Promise.all(
      given.nodes.map(async ({ client }) => {
        while ((await fetch(`${client.url}/readyz`)).status !== status) await sleep(50);
      }),
    );
  };
  /** Breaks something under load until all have noticed, mends it, and sees that all goes on by itself. */
  const survives = async (breakIt: () => Promise<unknown>, mendIt: () => Promise<unknown>): Promise<void> => {
    const crowd = openCrowd(given);
    await crowd.untilLoginsAtEach(3);
    const before = crowd.ledger.refused;
    await Promise.all([breakIt(), untilReadyz(503)]);
    while (crowd.ledger.refused === before) await sleep(20);
    await mendIt();
    await untilReadyz(200);
    await crowd.untilLoginsAtEach(3);
    await crowd.end();
    await checkLedger(crowd.ledger, crowd.balancer);
    const { slowest } = crowd.ledger;
    assert.ok(slowest < deadlineMs, `a request waited ${slowest} ms to be refused`);
  };

  it('lose nothing when it is killed and started again', async () => {
    await survives(
      () => mongod.kill(),
      () => mongod.start(),
    );
  });

  it('lose nothing when its primary steps down', async () => {
    await survives(
      () => mongod.stepDown(6),
      async () => undefined,
    );
  });

  it('lose nothing when the network drops everything for five seconds, and old connections for ever', async () => {
    await survives(
      async () => mongod.wire.hold(),
      async () => {
        await sleep(5000);
        mongod.wire.mend();
      },
    );
  });

  it('lose nothing when one of them is killed; the others go on, and nobody else notices', async () => {
    const crowd = openCrowd(given);
    await crowd.untilLoginsAtEach(3);
    const [doomed] = given.nodes;
    crowd.dead.add(doomed);
    await doomed.process.end('SIGKILL');
    await crowd.untilLoginsAtEach(5);
    await doomed.start();
    crowd.dead.delete(doomed);
    await crowd.untilLoginsAtEach(3);
    await crowd.end();
    await checkLedger(crowd.ledger, crowd.balancer);
    assert.equal(crowd.ledger.refused, 0);
  });

  it('carry out in the end all that was decided, and nothing twice', async () => {
    const left = { effectsDue: { $exists: true } };
    await withClient(mongod.besideUrl, async (client) => {
      const transactions = client.db(database).collection('transactions');
      // given that the leases of those who failed are over
      await transactions.updateMany(left, { $set: { effectsDue: Date.now() } });
      while ((await transactions.countDocuments(left)) > 0) await sleep(50);
      const logins = await transactions
        .aggregate([{ $match: { 'decision.state': 'consumed' } }, { $group: { _id: '$user', count: { $sum: 1 } } }])
        .toArray();
      assert.ok(logins.length > 0);
      for (const { _id: user, count } of logins) {
        const [token] = await store.tokensOf(keysOf(user));
        // A login that was carried out late, after a newer one, is not counted any more.
        assert.ok(token && token.loginCount > 0 && token.loginCount <= count, `${user}: ${token?.loginCount} of ${count}`);
      }
    });
  });
});

/** Users who log in again and again until they are told to end. */
type Crowd = {
  ledger: Ledger;
  balancer: Balancer;
  dead: Set<GatewayNode>;
  /** Resolves when so many more logins were finished, per gateway that lives: each request goes to another one. */
  untilLoginsAtEach(count: number): Promise<void>;
  end(): Promise<void>;
};

let users = 0;

function openCrowd({ nodes, admin }: GivenGateways): Crowd {
  const ledger = openLedger();
  const dead = new Set<GatewayNode>();
  let turn = 0;
  let isOver = false;
  const next = (): GatewayNode => {
    const alive = nodes.filter((node) => !dead.has(node));
    turn += 1;
    return alive[turn % alive.length] ?? nodes[0];
  };
  const balancer: Balancer = { next, isDead: (node) => dead.has(node) };
  const work = async (): Promise<void> => {
    users += 1;
    const user = `user${users}`;
    let serial: string | undefined;
    while (!isOver) {
      serial ??= await enrol(ledger, balancer, admin, user);
      if (serial !== undefined) await login(ledger, balancer, user, serial);
    }
  };
  const load = Promise.all(Array.from({ length: workers }, work));
  return {
    ledger,
    balancer,
    dead,
    async untilLoginsAtEach(count) {
      const enough = ledger.accepts.size + count * nodes.length;
      while (ledger.accepts.size < enough) await Promise.race([sleep(20), load]);
    },
    async end() {
      isOver = true;
      await load;
    },
  };
}

/** Server keys for all, so that no rollout waits for one to be made. */
async function stockKeys({ keyring }: GivenGateways, store: Store): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    publicKeyEncoding: { type: 'pkcs1', format: 'der' },
  });
  for (let number = 0; number < 200; number += 1)
    await store.addStockKey({
      id: `k${number}`,
      bits: 2048,
      publicKey: `key ${number}`,
      sealedPrivateKey: keyring.seal(`stock:k${number}`, privateKey),
    });
}
