import assert from 'node:assert/strict';
import type { Effect } from '../../../src/foundation/model/index.ts';
import type { Page, Store } from '../../../src/store/store.ts';
import { type GivenMongo, givenMongo, withClient } from '../../kit/mongod.ts';
import { givenChallenge, givenPushToken, givenTransaction, keysOf } from '../../kit/records.ts';
import { cleanup } from '../../kit/temporary.ts';
import { givenStore } from './mongo-kit.ts';
import { type Seen, seenWhile } from './profile.ts';

const crowd = 2000;
/** Logins that ended long ago. */
const old = 20_000;
/** Unanswered logins of the phone under test. */
const unanswered = 1000;
const few = 20;
/** The number of documents that an operation may examine beyond those it returns or changes. */
const spare = 3;
const serial = 'PIPU00010001';
const id = '00100000000000000001';
const page: Page = { offset: 0, limit: 10, sortBy: 'serial', descending: false };
const effect: Effect = { id: 'e1', kind: 'login-succeeded', serial, at: 5 };
const decision = (version: number) => ({ ...givenTransaction().decision, state: 'accepted' as const, version });

/** All store operations of a login and its housekeeping, in an order in which each finds something. */
const login: [name: string, run: (store: Store) => Promise<unknown>][] = [
  ['findToken', (store) => store.findToken(serial)],
  ['tokensOf', (store) => store.tokensOf(keysOf('alice'))],
  ['countUp', (store) => store.countUp('poll:10.0.0.1', 0, 100)],
  ['countOf', (store) => store.countOf('poll:10.0.0.1', 0)],
  ['countersFrom', (store) => store.countersFrom('poll:10.0.0.1', 0, 10)],
  ['uncount', (store) => store.uncount(['poll:10.0.0.1'], 'one')],
  ['rememberPerson', (store) => store.rememberPerson('c', { person: 'p', until: 100 }, 0)],
  ['personsOf', (store) => store.personsOf('c', 0)],
  ['probe', (store) => store.probe('one', 100)],
  ['addTransaction', (store) => store.addTransaction(givenTransaction({ foreignId: 'f1' }))],
  ['appendTrail', (store) => store.appendTrail(id, [{ at: 1, serial, provider: 'p', outcome: 'sent', reason: '', ms: 1 }])],
  ['findTokenWithOpen', (store) => store.findTokenWithOpen(serial, 0)],
  ['openTransactionsOf', (store) => store.openTransactionsOf(serial, 0)],
  ['findByHandle', (store) => store.findByHandle('pipush', 'NONCE1')],
  ['findByForeignId', (store) => store.findByForeignId('privacyidea', 'vpn', 'f1')],
  ['findTransaction', (store) => store.findTransaction(id)],
  ['decide', (store) => store.decide(id, 0, decision(1), [effect], 10)],
  ['claimDueEffects', (store) => store.claimDueEffects(10, 20, few)],
  ['countLogin', (store) => store.countLogin(serial, 5, 'e1')],
  ['removeEffects', (store) => store.removeEffects(id, ['e1'])],
  ['countFailure', (store) => store.countFailure([serial], 1)],
  ['changeToken', (store) => store.changeToken(serial, 0, { description: 'x' })],
  ['trailOf', (store) => store.trailOf(id)],
  ['endCounters', (store) => store.endCounters('poll:10.0.0.1')],
  ['sweep', (store) => store.sweep(2001, few)],
  ['takeStockKey', (store) => store.takeStockKey(2048)],
  ['findAccount', (store) => store.findAccount('admin')],
];

/** Commands of a login that do not name a shard, each with the reason. */
const withoutShardKey: Record<string, string> = {
  findToken: 'a phone knows its serial only; what was read once is remembered',
  tokensOf: 'the bucket of an owner is the affair of the engine; each shard looks into its index',
  claimDueEffects: 'house-keeping asks all shards what is due; each claim then names its shard',
  sweep: 'house-keeping asks all shards what is over',
};

/** Fills a database with copies of the store's own documents. */
async function givenCrowd(mongo: GivenMongo, database: string, store: Store, past = { old: 0, unanswered: 0 }): Promise<void> {
  await store.addToken(givenPushToken({ serial: 'TEMPLATE', owner: { user: 'bob', realm: 'corp', resolver: '' } }));
  await store.addTransaction(
    givenTransaction({ id: 'template', foreignId: 'template' }, [givenChallenge({ serial: 'TEMPLATE', handle: 'template' })]),
  );
  await store.addStockKey({ id: 'template', bits: 2048, publicKey: 'p', sealedPrivateKey: 's' });
  const copies = Array.from({ length: crowd }, (_, number) => `C${number}`);
  await withClient(mongo.url(), async (client) => {
    const db = client.db(database);
    const [token, transaction, key] = await Promise.all(
      ['tokens', 'transactions', 'stockKeys'].map((name) => db.collection(name).findOne()),
    );
    assert.ok(token && transaction && key);
    const owned = (name: string) => ({
      lower: { serial: name, user: name, realm: 'corp' },
      ownerKeys: keysOf(name),
      owner: { user: name, realm: 'corp', resolver: '' },
    });
    const decided = (name: string) => ({
      foreignId: name,
      decision: {
        ...transaction.decision,
        finishUntil: 9e9,
        challenges: [{ ...transaction.decision.challenges[0], serial: name, handle: name }],
      },
      effectsDue: 9e9,
    });
    await db.collection<{ _id: string }>('tokens').insertMany(copies.map((_id) => ({ ...token, ...owned(_id), _id })));
    await db.collection<{ _id: string }>('transactions').insertMany(copies.map((_id) => ({ ...transaction, ...decided(_id), _id })));
    const over = (name: string, who: string, state: string) => ({
      ...decided(name),
      effectsDue: undefined,
      decision: {
        ...transaction.decision,
        state,
        answerUntil: -1,
        finishUntil: 3000,
        challenges: [{ ...transaction.decision.challenges[0], serial: who, handle: name }],
      },
    });
    const gone = (count: number, who: string, state: string) =>
      Array.from({ length: count }, (_, number) => ({
        ...transaction,
        ...over(`${state}${number}`, who, state),
        _id: `${state}${number}`,
      }));
    const before = [...gone(past.old, serial, 'consumed'), ...gone(past.unanswered, serial, 'open')];
    if (before.length > 0) await db.collection<{ _id: string }>('transactions').insertMany(before, { ignoreUndefined: true });
    await db.collection<{ _id: string }>('stockKeys').insertMany(copies.map((_id) => ({ ...key, _id })));
  });
  await store.addToken(givenPushToken());
}

describe('The MongoDB commands of a login', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const uniqueBy of ['indexes', 'names'] as const) {
    it(`examine only the needed documents among ${old} ended logins, unique by ${uniqueBy}`, async () => {
      // given many records of other people, and a long history of one's own
      const { store, database } = await givenStore(mongo, undo, { uniqueBy });
      await givenCrowd(mongo, database, store, { old, unanswered });
      for (const [name, run] of login) {
        // when one operation of a login runs
        const seen = await seenWhile(mongo.url(), database, () => run(store));
        // then it goes by an index, and reads next to nothing
        assert.ok(seen.length > 0, `${name} was not seen`);
        for (const each of seen) assertCheap(name, each);
      }
    });
  }

  it('list push tokens along an index, page by page', async () => {
    const { store, database } = await givenStore(mongo, undo);
    await givenCrowd(mongo, database, store);
    const pages: Partial<Page>[] = [
      {},
      { descending: true },
      { sortBy: 'createdAt' },
      { sortBy: 'createdAt', descending: true },
      { sortBy: 'user', descending: true },
    ];
    for (const over of pages) {
      const seen = await seenWhile(mongo.url(), database, () => store.listTokens({}, { ...page, ...over }));
      const found = seen.find(({ command, filter }) => command === 'query' || (command === 'find' && filter));
      assert.ok(found, JSON.stringify(seen));
      assertCheap(`a page ${JSON.stringify(over)}`, found);
      assert.ok(!seen.some(({ plan }) => plan.includes('COLLSCAN')), JSON.stringify(seen));
    }
    for (const filter of [{ serial: 'c199*' }, { user: 'c1234', realm: 'corp' }, { user: 'c199*' }]) {
      for (const each of await seenWhile(mongo.url(), database, () => store.listTokens(filter, page)))
        assertCheap(`a list of ${JSON.stringify(filter)}`, each);
    }
  });

  it('name their shard, except for those that cannot', async () => {
    // given a database as on a sharded cluster, and a gateway that has not read from it yet
    const { store: first, database, open } = await givenStore(mongo, undo, { uniqueBy: 'names' });
    await givenCrowd(mongo, database, first);
    const store = await open();
    const lost = new Map<string, Seen[]>();
    for (const [name, run] of login) {
      const seen = await seenWhile(mongo.url(), database, () => run(store));
      // an unsharded document has its key in `_id`; an insert carries its shard key in the document
      const sharded = seen.filter(({ collection, command }) => ['tokens', 'transactions'].includes(collection) && command !== 'insert');
      const without = sharded.filter(({ filter }) => filter?.bucket !== 1);
      if (without.length > 0) lost.set(name, without);
    }
    assert.deepEqual([...lost.keys()].sort(), Object.keys(withoutShardKey).sort(), JSON.stringify([...lost]));
    // only `findAndModify` requires the shard key
    assert.ok(![...lost.values()].flat().some(({ command }) => command === 'findAndModify'));
    // and once the push token was read, its shard is known
    const again = await seenWhile(mongo.url(), database, () => store.findToken(serial));
    assert.deepEqual(
      again.map(({ filter }) => filter),
      [{ _id: serial, bucket: 1 }],
    );
  });

  it('find a push token again after it moved to another shard', async () => {
    const { store, open } = await givenStore(mongo, undo, { uniqueBy: 'names' });
    await store.addToken(givenPushToken());
    await store.findToken(serial);
    const other = await open();
    assert.equal(await other.changeToken(serial, 0, { bucket: 7, owner: { user: 'Carol', realm: 'corp', resolver: '' } }), 'changed');
    // the cached shard key of this gateway is stale now
    await store.countFailure([serial], 1);
    assert.deepEqual([(await store.findToken(serial))?.bucket, (await store.findToken(serial))?.failCount], [7, 1]);
    assert.deepEqual(
      (await store.tokensOf(keysOf('Carol'))).map(({ bucket }) => bucket),
      [7],
    );
  });
});

function assertCheap(name: string, { command, plan, keysExamined, docsExamined, returned }: Seen): void {
  const cost = `${name}: ${command} ${plan} examined ${keysExamined} keys, ${docsExamined} documents for ${returned}`;
  assert.ok(!plan.includes('COLLSCAN'), cost);
  assert.ok(keysExamined <= returned + spare && docsExamined <= returned + spare, cost);
}
