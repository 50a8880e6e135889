import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decide } from '../../src/engine/decisions/decide.ts';
import {
  type AuditEntry,
  type AuditNote,
  type Decision,
  type Effect,
  foldedKey,
  nameKey,
  type PersonKey,
  type PushToken,
  sourceKey,
} from '../../src/foundation/model/index.ts';
import { recordKinds } from '../../src/store/copy.ts';
import type {
  AuditFilter,
  AuditPage,
  Page,
  PushTokenFilter,
  SealedRecord,
  Store,
  TokenTally,
  TransactionFilter,
} from '../../src/store/store.ts';
import { minutes } from '../kit/clock.ts';
import { namePairs } from '../kit/name-pairs.ts';
import { givenChallenge, givenDevice, givenMessage, givenPushToken, givenTransaction, keysOf } from '../kit/records.ts';
import { anyRecords, inOrder, recordsOf } from '../kit/stored-records.ts';
import { exchangeCases } from './conformance-exchange.ts';

/** A store under test: `reopen` closes it and opens its data again. */
export type StoreFixture = { store: Store; reopen(): Promise<Store>; dispose(): Promise<void> };

const page: Page = { offset: 0, limit: 100, sortBy: 'serial', descending: false };
const effect = (id: string, serial = 'PIPU00010001', at = 5): Effect => ({ id, kind: 'login-succeeded', serial, at });
const effectsDue = 10_000;

/** The tests that every store must pass. Call it only inside the store's own `describe`. */
export function storeConformance(name: string, open: () => Promise<StoreFixture>): void {
  describe(`${name} as a store`, () => {
    let fixture: StoreFixture;
    let store: Store;
    beforeEach(async () => {
      fixture = await open();
      store = fixture.store;
    });
    afterEach(() => fixture.dispose());
    tokenCases(() => store);
    transactionCases(() => store);
    effectCases(() => store);
    otherCases(() => store);
    deviceCases(() => store);
    auditCases(() => store);
    noteCases(() => store);
    exchangeCases(() => store);
    transferCases(() => store);

    it('has all acknowledged writes when it is opened again', async () => {
      // given one record of each kind
      await store.addToken(givenPushToken());
      await store.addTransaction(givenTransaction());
      await store.decide(
        '00100000000000000001',
        0,
        { ...givenTransaction().decision, state: 'accepted', version: 1 },
        [effect('e1')],
        effectsDue,
      );
      await store.appendTrail('00100000000000000001', [
        { at: 1, serial: 'PIPU00010001', provider: 'p', outcome: 'sent', reason: '', ms: 3 },
      ]);
      await store.addStockKey({ id: 'k', bits: 2048, publicKey: 'p', sealedPrivateKey: 's' });
      await store.putAccount({ name: 'admin', passwordHash: 'h', createdAt: 1 });
      await store.putDevice(givenDevice(), undefined);
      await store.addPartitionKey({ id: 'linotp:0', publicKey: 'p', sealedSeed: 's' });
      // when the store is opened again
      const again = await fixture.reopen();
      // then they are there
      assert.deepEqual(await again.findToken('PIPU00010001'), givenPushToken());
      assert.equal((await again.findTransaction('00100000000000000001'))?.decision.state, 'accepted');
      assert.equal((await again.trailOf('00100000000000000001')).length, 1);
      assert.equal((await again.claimDueEffects(effectsDue, effectsDue + 1, 10))[0]?.effects[0]?.id, 'e1');
      assert.equal(await again.countStockKeys(2048), 1);
      assert.deepEqual(await again.findAccount('admin'), { name: 'admin', passwordHash: 'h', createdAt: 1 });
      assert.deepEqual(await again.findDevice('DEADBEEF'), givenDevice());
      assert.deepEqual(await again.findPartitionKey('linotp:0'), { id: 'linotp:0', publicKey: 'p', sealedSeed: 's' });
    });
  });
}

function tokenCases(store: () => Store): void {
  it('stores only one push token per serial', async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store().addToken(givenPushToken({ description: String(index) }))),
    );
    assert.deepEqual(results.filter((result) => result === 'added').length, 1);
    assert.equal(results[0] === 'added', (await store().findToken('PIPU00010001'))?.description === '0');
  });

  it('changes a push token under its version: of two concurrent changes one wins, and a field can be removed', async () => {
    await store().addToken(givenPushToken({ pinHash: 'h' }));
    const both = await Promise.all([
      store().changeToken('PIPU00010001', 0, { pinHash: null }),
      store().changeToken('PIPU00010001', 0, { enabled: false }),
    ]);
    const token = await store().findToken('PIPU00010001');
    assert.deepEqual([...both].sort(), ['changed', 'conflict']);
    assert.equal(token?.version, 1);
    assert.deepEqual([token?.pinHash, token?.enabled], both[0] === 'changed' ? [undefined, true] : ['h', false]);
    assert.equal(await store().changeToken('NOPE', 0, { enabled: true }), 'conflict');
  });

  it('counts failures of concurrent requests, up to the maximum, and a change loses none', async () => {
    await store().addToken(givenPushToken({ maxFail: 30 }));
    await Promise.all([
      ...Array.from({ length: 20 }, () => store().countFailure(['PIPU00010001', 'NOPE'], 1)),
      store().changeToken('PIPU00010001', 0, { description: 'x' }),
    ]);
    assert.equal((await store().findToken('PIPU00010001'))?.failCount, 20);
    await Promise.all(Array.from({ length: 20 }, () => store().countFailure(['PIPU00010001'], 1)));
    assert.equal((await store().findToken('PIPU00010001'))?.failCount, 30);
    // a given ceiling replaces the maximum
    for (const _ of [1, 2, 3]) await store().countFailure(['PIPU00010001'], 1, 32);
    assert.equal((await store().findToken('PIPU00010001'))?.failCount, 32);
  });

  it('records when the failures reached the maximum, and clears that time with them', async () => {
    await store().addToken(givenPushToken({ maxFail: 2 }));
    const exceededAt = async (): Promise<number | undefined> => (await store().findToken('PIPU00010001'))?.exceededAt;
    await store().countFailure(['PIPU00010001'], 5);
    assert.equal(await exceededAt(), undefined);
    await store().countFailure(['PIPU00010001'], 6);
    assert.equal(await exceededAt(), 6);
    // later failures do not change the time, however high the count
    await store().countFailure(['PIPU00010001'], 7);
    await store().countFailure(['PIPU00010001'], 8, 4);
    assert.equal(await exceededAt(), 6);
    // when they are reset, and then by a login
    assert.equal(await store().changeToken('PIPU00010001', 0, { failCount: 0, exceededAt: null }), 'changed');
    assert.equal(await exceededAt(), undefined);
    for (const at of [9, 10]) await store().countFailure(['PIPU00010001'], at);
    assert.equal(await exceededAt(), 10);
    await store().countLogin('PIPU00010001', 11, 'a');
    const token = await store().findToken('PIPU00010001');
    assert.deepEqual([token?.failCount, token?.loginCount, token && 'exceededAt' in token], [0, 1, false]);
  });

  it('counts a login once per effect, resets the failures with it, and never for an older login', async () => {
    await store().addToken(givenPushToken({ failCount: 3 }));
    const after = async (): Promise<PushToken | undefined> => store().findToken('PIPU00010001');
    await Promise.all([store().countLogin('PIPU00010001', 10, 'a'), store().countLogin('PIPU00010001', 10, 'a')]);
    assert.deepEqual([(await after())?.failCount, (await after())?.loginCount], [0, 1]);
    await store().countFailure(['PIPU00010001'], 1);
    await store().countLogin('PIPU00010001', 9, 'older');
    await store().countLogin('PIPU00010001', 10, 'a');
    assert.deepEqual([(await after())?.failCount, (await after())?.loginCount], [1, 1]);
    await store().countLogin('NOPE', 11, 'b');
  });

  it('finds the push tokens of an owner by any of the keys, in order', async () => {
    const owner = { user: 'Alice', realm: 'corp', resolver: '' };
    for (const serial of ['C', 'A', 'B']) await store().addToken(givenPushToken({ serial, owner }));
    await store().addToken(givenPushToken({ serial: 'D', owner: { ...owner, realm: 'guests' } }));
    assert.deepEqual(
      (await store().tokensOf([...keysOf('nobody'), ...keysOf('Alice')])).map(({ serial }) => serial),
      ['A', 'B', 'C'],
    );
    assert.equal(await store().countTokens('push'), 4);
    assert.equal(await store().countTokens('other'), 0);
  });

  it('finds owners with and without regard to case, without a change of the stored names', async () => {
    for (const [index, { what, one, other, isOne, isOneIgnoringCase }] of namePairs.entries()) {
      const realm = `realm${index}`;
      await store().addToken(givenPushToken({ serial: `S${index}`, owner: { user: one, realm, resolver: '' } }));
      const found = async (key: string): Promise<boolean> => (await store().tokensOf([key])).some(({ serial }) => serial === `S${index}`);
      const named = { user: other, realm: realm.toUpperCase() };
      assert.deepEqual([await found(nameKey(named)), await found(foldedKey(named))], [isOne, isOneIgnoringCase], what);
      const { count } = await store().listTokens({ user: other.replace('*', '?'), realm }, page);
      assert.equal(count, isOneIgnoringCase ? 1 : 0, `in a list, ${what}`);
    }
  });

  it('lists owners whose names differ only in case or width', async () => {
    const of = (user: string, realm: string, more: object = {}) => ({ user, realm, resolver: '', ...more });
    const owners = [
      of('Bob', 'corp'),
      of('bob', 'Corp'),
      of('bob', 'Corp'),
      of('\uff42ob', 'corp'),
      of('carol', 'corp'),
      of('Bob', 'guests'),
    ];
    const known = [of('eve', 'corp', { resolver: 'staff', userid: '1' }), of('EVE', 'corp', { resolver: 'staff', userid: '2' })];
    for (const [index, owner] of [...owners, ...known].entries()) await store().addToken(givenPushToken({ serial: `S${index}`, owner }));
    const told = (await store().namesakes(10)).map((owner) => JSON.stringify(owner)).sort();
    const expected = [of('Bob', 'corp'), of('bob', 'Corp'), of('\uff42ob', 'corp'), ...known].map((owner) => JSON.stringify(owner)).sort();
    assert.deepEqual(told, expected);
    assert.ok([2, 3].includes((await store().namesakes(1)).length));
  });

  it('finds the push tokens of a user by the id of the source, until the owner changes', async () => {
    const owner = { user: 'alice', realm: 'corp', resolver: 'staff', userid: '7' };
    const found = async (key = ''): Promise<string[]> => (await store().tokensOf([key])).map(({ serial }) => serial);
    await store().addToken(givenPushToken({ serial: 'A', owner }));
    assert.deepEqual(await found(sourceKey({ ...owner, user: 'alice.liddell', realm: 'CORP' })), ['A']);
    assert.deepEqual(await found(sourceKey({ ...owner, resolver: 'guests' })), []);
    await store().changeToken('A', 0, { owner: { ...owner, user: 'bob', userid: '8' } });
    assert.deepEqual([await found(sourceKey(owner)), await found(nameKey(owner))], [[], []]);
    assert.deepEqual(await found(nameKey({ user: 'bob', realm: 'corp' })), ['A']);
    await store().changeToken('A', 1, { owner: null });
    assert.deepEqual(await found(nameKey({ user: 'bob', realm: 'corp' })), []);
    await store().addToken(givenPushToken({ serial: 'B', owner }));
    await store().removeToken('B');
    await store().addToken(givenPushToken({ serial: 'B', owner: { ...owner, user: 'carol', userid: '9' } }));
    assert.deepEqual(await found(sourceKey(owner)), []);
  });

  it('keeps the name that the source gave the owner, until the owner changes', async () => {
    const owner = { user: 'alice', realm: 'corp', resolver: 'staff', userid: '7' };
    await store().addToken(givenPushToken({ serial: 'A', owner }));
    const stored = await store().findToken('A');
    assert.deepEqual(stored?.owner, owner);
    const { userid: _id, ...later } = owner;
    assert.equal(await store().changeToken('A', stored?.version ?? 0, { owner: later }), 'changed');
    assert.deepEqual((await store().findToken('A'))?.owner, later);
  });

  it('lists by filter, where only * is a wildcard', async () => {
    const { owner: _nobody, ...unowned } = givenPushToken();
    const tokens = [
      givenPushToken({ serial: 'A_1' }),
      givenPushToken({ serial: 'AB1', enabled: false }),
      givenPushToken({ serial: 'A[1', rollout: 'offered' }),
      { ...unowned, serial: 'A%1' },
    ];
    for (const token of tokens) await store().addToken(token);
    const serials = async (filter: PushTokenFilter): Promise<string[]> =>
      (await store().listTokens(filter, page)).tokens.map(({ serial }) => serial);
    assert.deepEqual(await serials({ serial: 'a_1' }), ['A_1']);
    assert.deepEqual(await serials({ serial: 'A[1' }), ['A[1']);
    assert.deepEqual(await serials({ serial: 'A%*' }), ['A%1']);
    assert.deepEqual((await serials({ serial: 'a*' })).length, 4);
    assert.deepEqual(await serials({ serial: 'A?1' }), []);
    assert.deepEqual(await serials({ user: 'ALI*', realm: 'Corp', enabled: false }), ['AB1']);
    assert.deepEqual(await serials({ assigned: false }), ['A%1']);
    assert.deepEqual(await serials({ rollout: 'offered', type: 'push' }), ['A[1']);
    assert.deepEqual(await serials({ type: 'other' }), []);
    assert.deepEqual(await serials({ afterSerial: 'A%1' }), ['AB1', 'A[1', 'A_1']);
    assert.deepEqual(await serials({ afterSerial: 'A[1', inRealms: [] }), []);
  });

  it('lists by the source of the owner and by the realms of the push token', async () => {
    const ownedBy = (resolver: string) => ({ owner: { user: 'alice', realm: 'corp', resolver } });
    const { owner: _nobody, ...unowned } = givenPushToken();
    const tokens = [
      givenPushToken({ serial: 'A', ...ownedBy('staff') }),
      givenPushToken({ serial: 'B', ...ownedBy('partners'), realms: ['corp', 'lab.1'] }),
      givenPushToken({ serial: 'C', ...ownedBy('') }),
      { ...unowned, serial: 'D', realms: [] },
    ];
    for (const token of tokens) await store().addToken(token);
    const serials = async (filter: PushTokenFilter): Promise<string> =>
      (await store().listTokens(filter, page)).tokens.map(({ serial }) => serial).join('');
    assert.equal(await serials({ resolver: 'partners' }), 'B');
    assert.equal(await serials({ user: 'alice', notResolvers: ['staff'] }), 'BC');
    assert.equal(await serials({ notResolvers: ['staff', 'partners'] }), 'CD');
    assert.equal(await serials({ notResolvers: [] }), 'ABCD');
    assert.equal(await serials({ tokenRealm: 'LAB.1' }), 'B');
    assert.equal(await serials({ tokenRealm: 'labx1' }), '');
    for (const [inRealms, found] of [
      [['LAB.1'], 'B'],
      [['labx1', 'corp'], 'ABC'],
      [['lab.1', ''], 'BD'],
      [[''], 'D'],
      [[], ''],
    ] as const)
      assert.equal(await serials({ inRealms }), found, String(inRealms));
    assert.equal(await serials({ inRealms: ['corp'], tokenRealm: 'lab.1', notResolvers: [] }), 'B');
  });

  it('keeps the validity period of a push token, changes it and removes it', async () => {
    await store().addToken(givenPushToken({ validFrom: 5, validUntil: 2 ** 42, mount: '/edumfa' }));
    const kept = async () => {
      const { validFrom, validUntil, mount } = (await store().findToken('PIPU00010001')) ?? {};
      return [validFrom, validUntil, mount];
    };
    assert.deepEqual(await kept(), [5, 2 ** 42, '/edumfa']);
    assert.equal(await store().changeToken('PIPU00010001', 0, { validFrom: null, validUntil: 7 }), 'changed');
    assert.deepEqual(await kept(), [undefined, 7, '/edumfa']);
  });

  it('lists page by page, both ways, with the count of all', async () => {
    for (const serial of ['A', 'B', 'C']) await store().addToken(givenPushToken({ serial, createdAt: serial.charCodeAt(0) }));
    const list = async (over: Partial<Page>) => {
      const { count, tokens } = await store().listTokens({}, { ...page, ...over });
      return [count, ...tokens.map(({ serial }) => serial)];
    };
    assert.deepEqual(await list({ limit: 2 }), [3, 'A', 'B']);
    assert.deepEqual(await list({ limit: 2, offset: 2 }), [3, 'C']);
    assert.deepEqual(await list({ descending: true, sortBy: 'createdAt' }), [3, 'C', 'B', 'A']);
    assert.deepEqual(
      await list({ descending: true, sortBy: 'user', limit: 2 }),
      [3, 'C', 'B'],
      'equals stand by serial, in the same direction',
    );
  });

  it('counts push tokens that are alike', async () => {
    const like = { type: 'push', rollout: 'enrolled', enabled: true, assigned: true, locked: false } as const;
    for (const [serial, over] of [
      ['A', {}],
      ['B', {}],
      ['C', { enabled: false }],
      ['D', { failCount: 10 }],
      ['E', { rollout: 'offered' }],
      ['F', { type: 'edupush' }],
    ] as const)
      await store().addToken(givenPushToken({ serial, ...over }));
    const { owner: _nobody, ...orphan } = givenPushToken({ serial: 'G' });
    await store().addToken(orphan);
    const found = await store().tallyTokens();
    const told = (tally: TokenTally): string => JSON.stringify(Object.entries(tally).sort());
    assert.deepEqual(
      found.map(told).sort(),
      [
        { ...like, count: 2 },
        { ...like, enabled: false, count: 1 },
        { ...like, locked: true, count: 1 },
        { ...like, rollout: 'offered' as const, count: 1 },
        { ...like, type: 'edupush', count: 1 },
        { ...like, assigned: false, count: 1 },
      ]
        .map(told)
        .sort(),
    );
  });

  it('removes a push token once', async () => {
    await store().addToken(givenPushToken());
    assert.deepEqual([await store().removeToken('PIPU00010001'), await store().removeToken('PIPU00010001')], [true, false]);
    assert.equal(await store().findToken('PIPU00010001'), undefined);
  });
}

/** Resolves when a waiter for this transaction was notified and reads this version or a later one. */
function until(store: Store, id: string, version: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = async (): Promise<void> => {
      const found = await store.findTransaction(id);
      if (!found || found.decision.version < version) return;
      stop();
      resolve();
    };
    const stop = store.onDecided(id, () => void look().catch(reject));
  });
}

function transactionCases(store: () => Store): void {
  const id = '00100000000000000001';
  const accepted = (version: number, handles = ['NONCE1'], serials: string[] = []): Decision => ({
    ...givenTransaction(
      {},
      handles.map((handle, index) => givenChallenge({ handle, ...(serials[index] === undefined ? {} : { serial: serials[index] }) })),
    ).decision,
    state: 'accepted',
    version,
  });

  it('adds a transaction once: by id, by foreign id per dialect and auth server, by handle per phone protocol', async () => {
    const transaction = givenTransaction({ foreignId: 'f1' });
    const other = (over: object, handle: string, phone = 'pipush') =>
      givenTransaction({ id: 'other', foreignId: 'f2', ...over }, [givenChallenge({ handle, phone })]);
    assert.equal(await store().addTransaction(transaction), 'added');
    assert.equal(await store().addTransaction(other({ id }, 'N2')), 'taken');
    assert.equal(await store().addTransaction(other({ foreignId: 'f1' }, 'N2')), 'taken');
    assert.equal(await store().addTransaction(other({}, 'NONCE1')), 'taken');
    assert.equal(await store().findTransaction('other'), undefined, 'what was refused left nothing');
    assert.equal(await store().addTransaction(other({ id: 'a', foreignId: 'f1', authServer: 'else' }, 'N2')), 'added');
    assert.equal(await store().addTransaction(other({ id: 'b', foreignId: 'f1', dialect: 'else' }, 'NONCE1', 'linotp')), 'added');
    assert.deepEqual(await store().findTransaction(id), transaction);
    assert.equal((await store().findByForeignId('privacyidea', 'vpn', 'f1'))?.id, id);
    assert.equal(await store().findByForeignId('privacyidea', 'vpn', 'f9'), undefined);
  });

  it('lets one of two different concurrent answers win', async () => {
    await store().addTransaction(givenTransaction());
    const declined: Decision = { ...accepted(1), state: 'declined' };
    const replies = await Promise.all([
      store().decide(id, 0, accepted(1), [], effectsDue),
      store().decide(id, 0, declined, [], effectsDue),
    ]);
    assert.deepEqual([...replies].sort(), ['conflict', 'decided']);
    assert.equal((await store().findTransaction(id))?.decision.state, replies[0] === 'decided' ? 'accepted' : 'declined');
  });

  it('makes one change for two identical answers', async () => {
    await store().addTransaction(givenTransaction());
    const answer = async () => {
      const found = await store().findTransaction(id);
      assert.ok(found);
      const { next } = decide(found, { kind: 'answered', serial: 'PIPU00010001', answer: 'yes', verdict: 'accepted' }, 1);
      return next ? store().decide(id, found.decision.version, next, [], effectsDue) : 'repeated';
    };
    const replies = await Promise.all([answer(), answer()]);
    assert.equal(replies.filter((reply) => reply === 'decided').length, 1);
    assert.equal((await store().findTransaction(id))?.decision.version, 1);
    assert.equal(await answer(), 'repeated');
  });

  it('lets one of 200 concurrent finishes of an accepted login win', async () => {
    await store().addTransaction(givenTransaction({ decision: accepted(0) }));
    const take = async () => {
      const found = await store().findTransaction(id);
      const step = found && decide(found, { kind: 'consumed' }, 1);
      return found && step?.next ? store().decide(id, found.decision.version, step.next, [], effectsDue) : 'too late';
    };
    const replies = await Promise.all(Array.from({ length: 200 }, take));
    assert.equal(replies.filter((reply) => reply === 'decided').length, 1);
  });

  it('keeps a trail entry that is written between read and decision, and the version unchanged', async () => {
    await store().addTransaction(givenTransaction());
    const before = await store().findTransaction(id);
    const entry = { at: 1, serial: 'PIPU00010001', provider: 'poll', outcome: 'sent', reason: 'poll', ms: 1 } as const;
    await store().appendTrail(id, [entry, { ...entry, at: 2 }]);
    assert.equal(await store().decide(id, before?.decision.version ?? -1, accepted(1), [], effectsDue), 'decided');
    assert.deepEqual(
      (await store().trailOf(id)).map(({ at }) => at),
      [1, 2],
    );
    assert.deepEqual(await store().trailOf('unknown'), []);
  });

  it('writes new trail entries together with a decision, or neither', async () => {
    await store().addTransaction(givenTransaction());
    const entry = { at: 1, serial: 'PIPU00010001', provider: 'fcm', outcome: 'sent', reason: '', ms: 1 } as const;
    const times = async () => (await store().trailOf(id)).map(({ at }) => at);
    // when one decision wins, with effects or without, and one comes too late
    assert.equal(await store().decide(id, 0, { ...givenTransaction().decision, version: 1 }, [], 0, [entry]), 'decided');
    assert.equal(await store().decide(id, 0, accepted(1), [], effectsDue, [{ ...entry, at: 2 }]), 'conflict');
    assert.deepEqual(await times(), [1]);
    const effect = { id: 'e1', kind: 'login-succeeded', serial: 'PIPU00010001', at: 1 } as const;
    assert.equal(
      await store().decide(id, 1, accepted(2), [effect], effectsDue, [
        { ...entry, at: 3 },
        { ...entry, at: 4 },
      ]),
      'decided',
    );
    assert.deepEqual(await times(), [1, 3, 4]);
  });

  it('lists transactions, newest first, by user, realm, push token, time and whatever else is asked', async () => {
    // given four transactions, one of which is settled
    const all = [
      givenTransaction({ id: '1', createdAt: 10 }, [givenChallenge({ handle: 'A' })]),
      givenTransaction({ id: '2', createdAt: 20, user: 'Bob', typed: 'bob@corp' }, [givenChallenge({ handle: 'B', serial: 'PIPU2' })]),
      givenTransaction({ id: '3', createdAt: 30, user: 'a.ice', realm: 'guests' }, [givenChallenge({ handle: 'C' })]),
      givenTransaction({ id: '4', createdAt: 40 }, [givenChallenge({ handle: 'D' }), givenChallenge({ handle: 'E', serial: 'PIPU2' })]),
    ];
    for (const transaction of all) await store().addTransaction(transaction);
    const settled = all[3]?.decision ?? assert.fail();
    await store().decide('4', 0, { ...settled, state: 'declined', version: 1 }, [], effectsDue);
    const listed = async (filter: Partial<TransactionFilter>, limit = 10): Promise<string[]> =>
      (await store().listTransactions({ fits: () => true, ...filter }, limit)).map(({ id }) => id);
    assert.deepEqual(await listed({}), ['4', '3', '2', '1']);
    assert.deepEqual(await listed({}, 2), ['4', '3']);
    assert.deepEqual(await listed({ user: 'ALICE' }), ['4', '1']);
    assert.deepEqual(await listed({ user: 'a.ice' }), ['3']);
    assert.deepEqual(await listed({ user: 'BOB@corp' }), ['2']);
    assert.deepEqual(await listed({ realms: ['guests'] }), ['3']);
    assert.deepEqual(await listed({ realms: [] }), []);
    assert.deepEqual(await listed({ serial: 'PIPU2', since: 20 }), ['4', '2']);
    assert.deepEqual(await listed({ since: 30 }), ['4', '3']);
    assert.deepEqual(await listed({ fits: ({ decision }) => decision.state === 'open' }, 2), ['3', '2']);
    assert.deepEqual(
      [await store().countOpenTransactions(999), await store().countOpenTransactions(1000), (await store().findTransaction('4'))?.user],
      [3, 0, 'alice'],
    );
  });

  it('lists the newest of more transactions than it looks at in one go', async () => {
    for (let number = 1; number <= 620; number += 1)
      await store().addTransaction(
        givenTransaction({ id: String(number).padStart(4, '0'), createdAt: number }, [givenChallenge({ handle: String(number) })]),
      );
    const found = await store().listTransactions({ fits: ({ createdAt }) => createdAt % 100 === 0 }, 4);
    assert.deepEqual(
      found.map(({ createdAt }) => createdAt),
      [600, 500, 400, 300],
    );
    assert.equal((await store().listTransactions({ fits: () => true, since: 50 }, 5)).length, 5);
    assert.deepEqual(
      (await store().listTransactions({ fits: ({ id }) => id === '0001' }, 4)).map(({ id }) => id),
      ['0001'],
    );
  });

  it('finds the open transactions of a push token by the clock, oldest first', async () => {
    const add = (number: number, createdAt: number, answerUntil: number, serials = ['S1']) => {
      const base = givenTransaction(
        { id: `t${number}`, createdAt },
        serials.map((serial) => givenChallenge({ serial, handle: `${number}${serial}` })),
      );
      return store().addTransaction({ ...base, decision: { ...base.decision, answerUntil } });
    };
    await add(1, 30, 100);
    await add(2, 20, 200, ['S1', 'S2']);
    await add(3, 10, 50);
    const found = async (serial: string, now: number) => (await store().openTransactionsOf(serial, now)).map((each) => each.id);
    assert.deepEqual(await found('S1', 49), ['t3', 't2', 't1']);
    assert.deepEqual(await found('S1', 50), ['t2', 't1'], 'at the moment itself it is over');
    assert.deepEqual(await found('S2', 0), ['t2']);
    // transactions from the future hide none that can be answered
    assert.deepEqual(await found('S1', 20 - minutes(2)), ['t3', 't2'], 'two minutes are no future yet');
    assert.deepEqual(
      (await store().openTransactionsOf('S1', 10 - minutes(2), 1)).map(({ id }) => id),
      ['t3'],
    );
    // above the limit the newest are found
    assert.deepEqual(
      (await store().openTransactionsOf('S1', 0, 2)).map(({ id }) => id),
      ['t2', 't1'],
    );
    // and one that was closed when it was stored, as soon as it is asked
    const later = givenTransaction({ id: 't9', createdAt: 40 }, [givenChallenge({ serial: 'S3', handle: '9S3', state: 'closed' })]);
    await store().addTransaction({ ...later, decision: { ...later.decision, answerUntil: 100 } });
    assert.deepEqual(await found('S3', 0), []);
    const asked = later.decision.challenges.map((challenge) => ({ ...challenge, state: 'pending' as const }));
    await store().decide('t9', 0, { ...later.decision, answerUntil: 100, challenges: asked, version: 1 }, [], effectsDue);
    assert.deepEqual([await found('S3', 99), await found('S3', 100)], [['t9'], []]);
    // and a phone gets them together with its push token
    await store().addToken(givenPushToken({ serial: 'S1' }));
    assert.deepEqual(await store().findTokenWithOpen('S1', 50), {
      token: givenPushToken({ serial: 'S1' }),
      open: await store().openTransactionsOf('S1', 50),
    });
    assert.deepEqual(
      (await store().findTokenWithOpen('S1', 100))?.open.map((each) => each.id),
      ['t2'],
    );
    assert.deepEqual(
      (await store().findTokenWithOpen('S1', 20 - minutes(2)))?.open.map((each) => each.id),
      ['t3', 't2'],
    );
    assert.equal(await store().findTokenWithOpen('S2', 0), undefined);
    assert.deepEqual(
      (await store().findTokenWithOpen('S1', 0, 1))?.open.map(({ id }) => id),
      ['t1'],
    );
    // nothing was cleaned up, and yet expired transactions are not found
    assert.ok(await store().findTransaction('t3'));
    await store().decide('t2', 0, accepted(1, ['2S1', '2S2'], ['S1', 'S2']), [], effectsDue);
    assert.deepEqual(await found('S1', 0), ['t3', 't1'], 'what is settled is no longer open');
    assert.equal((await store().findByHandle('pipush', '2S1'))?.id, 't2');
    // and a challenge that is closed for one phone is open for the other
    await add(4, 40, 100, ['S1', 'S2']);
    const both = (await store().findTransaction('t4'))?.decision;
    assert.ok(both);
    const closed = both.challenges.map((each) => (each.serial === 'S2' ? { ...each, state: 'closed' as const } : each));
    await store().decide('t4', 0, { ...both, challenges: closed, version: 1 }, [], effectsDue);
    assert.deepEqual([await found('S1', 50), await found('S2', 50)], [['t1', 't4'], []]);
    assert.equal(await store().findByHandle('linotp', '2S1'), undefined);
  });

  it('notifies waiters of a decision on their transaction, until they stop', async () => {
    await store().addTransaction(givenTransaction());
    await store().addTransaction(givenTransaction({ id: 'error' }, [givenChallenge({ handle: 'N2' })]));
    const told = { stopped: 0 };
    const stop = store().onDecided(id, () => {
      told.stopped += 1;
    });
    const both = [until(store(), id, 1), until(store(), 'error', 1)];
    assert.equal(await store().decide(id, 0, accepted(1), [effect('e')], effectsDue), 'decided');
    assert.equal(await store().decide('error', 0, accepted(1, ['N2']), [], effectsDue), 'decided');
    await Promise.all(both);
    stop();
    stop();
    const before = told.stopped;
    const again = until(store(), id, 2);
    await store().decide(id, 1, { ...accepted(2), state: 'consumed' }, [], effectsDue);
    await again;
    assert.equal(told.stopped, before);
  });

  it('refuses a decision on a missing transaction', async () => {
    assert.equal(await store().decide('unknown', 0, accepted(1), [effect('e')], effectsDue), 'conflict');
    assert.deepEqual(await store().claimDueEffects(effectsDue, effectsDue, 10), []);
  });

  it('sweeps expired transactions, except those with pending effects', async () => {
    await store().addTransaction(givenTransaction());
    await store().addTransaction(givenTransaction({ id: 'busy' }, [givenChallenge({ handle: 'N2' })]));
    await store().decide('busy', 0, accepted(1, ['N2']), [effect('e1')], effectsDue);
    assert.equal(await store().sweep(2000, 10), 0);
    assert.equal(await store().sweep(2001, 10), 1);
    assert.equal(await store().findTransaction(id), undefined);
    assert.equal(await store().findByHandle('pipush', 'NONCE1'), undefined);
    await store().removeEffects('busy', ['e1']);
    assert.equal(await store().sweep(2001, 10), 1);
  });
}

function effectCases(store: () => Store): void {
  const id = '00100000000000000001';

  it('stores effects with the decision that causes them, or not at all', async () => {
    await store().addTransaction(givenTransaction());
    const next = { ...givenTransaction().decision, state: 'consumed' as const, version: 1 };
    const replies = await Promise.all(['one', 'two'].map((each) => store().decide(id, 0, next, [effect(each)], effectsDue)));
    const due = await store().claimDueEffects(effectsDue, effectsDue + 100, 10);
    assert.deepEqual(
      due.map(({ transactionId, effects }) => [transactionId, effects.map((each) => each.id)]),
      [[id, [replies[0] === 'decided' ? 'one' : 'two']]],
    );
  });

  it('stores effects with a new transaction, or not at all', async () => {
    assert.equal(await store().addTransaction(givenTransaction(), [effect('a'), effect('b')], effectsDue), 'added');
    assert.equal(await store().addTransaction(givenTransaction(), [effect('c')], effectsDue), 'taken');
    assert.deepEqual(await store().findTransaction(id), givenTransaction());
    assert.deepEqual(await store().claimDueEffects(effectsDue - 1, effectsDue, 10), []);
    const [due] = await store().claimDueEffects(effectsDue, effectsDue + 100, 10);
    assert.deepEqual(due?.effects.map((each) => each.id).sort(), ['a', 'b']);
    // and it stays until they are removed
    assert.equal(await store().sweep(2001, 10), 0);
    await store().removeEffects(id, ['a', 'b']);
    assert.equal(await store().sweep(2001, 10), 1);
  });

  it('leases due effects to one caller, until the lease ends or they are removed', async () => {
    await store().addTransaction(givenTransaction());
    await store().decide(id, 0, { ...givenTransaction().decision, state: 'consumed', version: 1 }, [effect('a'), effect('b')], effectsDue);
    assert.deepEqual(await store().claimDueEffects(effectsDue - 1, effectsDue + 100, 10), [], 'the deciding gateway has them first');
    const claims = await Promise.all(Array.from({ length: 8 }, () => store().claimDueEffects(effectsDue, effectsDue + 100, 10)));
    assert.equal(claims.flat().length, 1, 'one lease for all that ask at once');
    await store().removeEffects(id, ['a']);
    const later = await store().claimDueEffects(effectsDue + 100, effectsDue + 200, 10);
    assert.deepEqual(
      later[0]?.effects.map((each) => each.id),
      ['b'],
    );
    await store().removeEffects(id, ['b', 'unknown']);
    assert.deepEqual(await store().claimDueEffects(effectsDue + 300, effectsDue + 400, 10), []);
  });
}

function otherCases(store: () => Store): void {
  it('counts in time windows', async () => {
    const counts = await Promise.all(Array.from({ length: 10 }, () => store().countUp('poll:10.0.0.1', 0, 100)));
    assert.deepEqual(
      counts.map(({ count }) => count).sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.deepEqual(await store().countUp('poll:10.0.0.1', 99, 500), { count: 11, endsAt: 100 });
    assert.deepEqual(await store().countUp('poll:10.0.0.1', 100, 200), { count: 1, endsAt: 200 });
    assert.deepEqual(await store().countUp('poll:10.0.0.2', 100, 200), { count: 1, endsAt: 200 });
  });

  it('reads a count without raising it, until its window ends', async () => {
    assert.equal(await store().countOf('seen', 0), 0);
    for (const _ of [1, 2]) await store().countUp('seen', 0, 100);
    assert.deepEqual(await Promise.all([0, 99, 100].map((now) => store().countOf('seen', now))), [2, 2, 0]);
    assert.deepEqual(await store().countUp('seen', 99, 500), { count: 3, endsAt: 100 });
  });

  it('takes back single counts, never below zero, or all', async () => {
    // given two windows, of three and of one
    for (const key of ['a', 'a', 'a', 'b']) await store().countUp(key, 0, 100);
    // when one is taken back from each, from a window that never existed, and twice from the second
    await store().uncount(['a', 'b', 'never'], 'one');
    await store().uncount(['b'], 'one');
    // then the next ones count from there
    assert.deepEqual(await store().countUp('a', 1, 500), { count: 3, endsAt: 100 });
    assert.deepEqual(await store().countUp('b', 1, 500), { count: 1, endsAt: 100 });
    // and a window that is ended begins anew
    await store().uncount(['a'], 'all');
    assert.deepEqual(await store().countUp('a', 1, 500), { count: 1, endsAt: 500 });
  });

  it('gives each key of the stock to one taker', async () => {
    for (let index = 0; index < 5; index += 1)
      await store().addStockKey({ id: `k${index}`, bits: 2048, publicKey: `p${index}`, sealedPrivateKey: 's' });
    await store().addStockKey({ id: 'big', bits: 4096, publicKey: 'p', sealedPrivateKey: 's' });
    const taken = await Promise.all(Array.from({ length: 10 }, () => store().takeStockKey(2048)));
    const ids = taken.flatMap((key) => (key ? [key.id] : []));
    assert.equal(new Set(ids).size, 5);
    assert.equal(ids.length, 5);
    assert.deepEqual([await store().countStockKeys(2048), await store().countStockKeys(4096)], [0, 1]);
  });

  it('keeps the first key of a partition when several are made at once', async () => {
    const keys = Array.from({ length: 8 }, (_, index) => ({ id: 'linotp:0', publicKey: `p${index}`, sealedSeed: 's' }));
    const added = await Promise.all(keys.map((key) => store().addPartitionKey(key)));
    assert.equal(added.filter((each) => each === 'added').length, 1);
    assert.deepEqual(await store().findPartitionKey('linotp:0'), keys[added.indexOf('added')]);
    assert.equal(await store().findPartitionKey('linotp:1'), undefined);
  });

  it('adds an account once when several are added at once, and leaves the first one unchanged', async () => {
    const accounts = Array.from({ length: 8 }, (_, index) => ({ name: 'admin', passwordHash: `h${index}`, createdAt: index }));
    const added = await Promise.all(accounts.map((account) => store().addAccount(account)));
    assert.equal(added.filter((each) => each === 'added').length, 1);
    assert.deepEqual(await store().listAccounts(), [accounts[added.indexOf('added')]]);
  });

  it('replaces an account of the same name', async () => {
    await store().putAccount({ name: 'b', passwordHash: 'one', createdAt: 1 });
    await store().putAccount({ name: 'a', passwordHash: 'x', createdAt: 1 });
    await store().putAccount({ name: 'b', passwordHash: 'two', createdAt: 2 });
    assert.deepEqual(
      (await store().listAccounts()).map(({ name, passwordHash }) => [name, passwordHash]),
      [
        ['a', 'x'],
        ['b', 'two'],
      ],
    );
    assert.equal(await store().findAccount('c'), undefined);
  });

  it('disables an account, enables it again and changes its password, each without a change of the rest', async () => {
    // given a disabled account, and one that is left alone
    const [admin, other] = ['admin', 'other'].map((name) => ({ name, passwordHash: 'one', createdAt: 1 }));
    assert.ok(admin && other);
    for (const account of [admin, other]) await store().putAccount(account);
    assert.equal(await store().changeAccount('admin', { disabled: true }), true);
    // when it gets another password, then it stays disabled
    assert.equal(await store().changeAccount('admin', { passwordHash: 'two' }), true);
    assert.deepEqual(await store().findAccount('admin'), { ...admin, passwordHash: 'two', disabled: true });
    // and enabled again it is as it was
    assert.equal(await store().changeAccount('admin', { disabled: false }), true);
    assert.deepEqual(await store().listAccounts(), [{ ...admin, passwordHash: 'two' }, other]);
  });

  it('replaces the seal of an account with a change that has one, and keeps it otherwise', async () => {
    const account = { name: 'admin', passwordHash: 'one', createdAt: 1, seal: 'a' };
    assert.equal(await store().addAccount(account), 'added');
    assert.deepEqual(await store().findAccount('admin'), account);
    for (const [change, seal] of [
      [{ passwordHash: 'two', seal: 'b' }, 'b'],
      [{ passwordHash: 'two' }, 'b'],
      [{ disabled: true, seal: 'c' }, 'c'],
      [{ disabled: false }, 'c'],
      [{ disabled: false, seal: 'd' }, 'd'],
    ] as const) {
      await store().changeAccount('admin', change);
      assert.equal((await store().findAccount('admin'))?.seal, seal);
    }
    await store().putAccount({ ...account, seal: 'e' });
    assert.deepEqual(await store().listAccounts(), [{ ...account, seal: 'e' }]);
  });

  it('renews the hash of an account only while the old hash is still stored', async () => {
    const account = { name: 'admin', passwordHash: 'one', createdAt: 1, seal: 'a' };
    await store().addAccount(account);
    assert.equal(await store().changeAccount('admin', { passwordHash: 'two', insteadOf: 'other', seal: 'b' }), false);
    assert.deepEqual(await store().findAccount('admin'), account);
    assert.equal(await store().changeAccount('admin', { passwordHash: 'two', insteadOf: 'one', seal: 'a' }), true);
    assert.deepEqual(await store().findAccount('admin'), { ...account, passwordHash: 'two' });
  });

  it('replaces a disabled account by an enabled one, and keeps an account that is added as disabled', async () => {
    await store().addAccount({ name: 'admin', passwordHash: 'one', createdAt: 1, disabled: true });
    assert.equal((await store().findAccount('admin'))?.disabled, true);
    await store().putAccount({ name: 'admin', passwordHash: 'two', createdAt: 2 });
    assert.deepEqual(await store().findAccount('admin'), { name: 'admin', passwordHash: 'two', createdAt: 2 });
  });

  it('removes an account once, and neither changes nor creates a missing one', async () => {
    await store().putAccount({ name: 'admin', passwordHash: 'one', createdAt: 1 });
    const removed = await Promise.all(Array.from({ length: 4 }, () => store().removeAccount('admin')));
    assert.equal(removed.filter(Boolean).length, 1);
    assert.equal(await store().changeAccount('admin', { disabled: true }), false);
    assert.equal(await store().changeAccount('admin', { passwordHash: 'two' }), false);
    assert.deepEqual(await store().listAccounts(), []);
  });

  it('finds and ends the windows whose keys share a prefix', async () => {
    for (const key of ['a:1 x', 'a:1 y', 'a:10 x', 'a:1', 'b']) await store().countUp(key, 0, 100);
    await store().countUp('a:1 old', 0, 50);
    await store().countUp('a:1 y', 0, 100);
    assert.deepEqual(await store().countersFrom('a:1 ', 50, 10), [
      { key: 'a:1 x', count: 1, endsAt: 100 },
      { key: 'a:1 y', count: 2, endsAt: 100 },
    ]);
    assert.equal((await store().countersFrom('a:', 0, 3)).length, 3);
    await store().endCounters('a:1 ');
    assert.deepEqual(
      (await store().countersFrom('', 0, 10)).map(({ key }) => key),
      ['a:1', 'a:10 x', 'b'],
    );
  });

  it('remembers the persons of a client, latest first, and forgets them when they expire', async () => {
    const names = async (now: number) => (await store().personsOf('c', now)).map(({ person, until }) => `${person} ${until}`);
    assert.deepEqual(await names(0), []);
    await store().rememberPerson('c', { person: '$alice', until: 100 }, 0);
    await store().rememberPerson('c', { person: 'bob', until: 110 }, 10);
    await store().rememberPerson('c', { person: '$alice', until: 120 }, 20);
    assert.deepEqual(await names(20), ['$alice 120', 'bob 110']);
    assert.deepEqual(await names(110), ['$alice 120'], 'at the moment itself it is over');
    assert.deepEqual(await store().personsOf('other', 0), []);
    // when another person is remembered after bob's time, and when the sweep runs
    await store().rememberPerson('c', { person: 'carol', until: 300 }, 200);
    await store().sweep(300, 10);
    assert.deepEqual(await names(0), ['carol 300']);
    await store().sweep(301, 10);
    assert.deepEqual(await names(0), []);
  });

  it('keeps only the latest 21 persons of a client, however many come at once', async () => {
    const all = Array.from({ length: 30 }, (_, number) => number);
    await Promise.all(all.map((number) => store().rememberPerson('c', { person: `p${number}`, until: 100 }, 0)));
    assert.equal((await store().personsOf('c', 0)).length, 21);
    await store().rememberPerson('c', { person: 'last', until: 100 }, 0);
    const persons = (await store().personsOf('c', 0)).map(({ person }) => person);
    assert.deepEqual([persons[0], new Set(persons).size], ['last', 21]);
  });

  it('proves that it accepts writes with one record per prober, which the sweep deletes when it expires', async () => {
    // when two probers look, one of them again and again
    const [one, other] = ['one', 'other'];
    for (const endsAt of [10, 20, 30]) await store().probe(one, endsAt);
    const { now = Date.now() } = await store().probe(other, 15);
    // then each has one record, with the end that it was given last
    const kept = async () =>
      (await recordsOf(store())).flatMap((record) => (record.kind === 'counter' ? [`${record.key} ${record.endsAt}`] : []));
    assert.deepEqual(await kept(), ['probe one 30', 'probe other 15']);
    // and a store with a clock of its own has told it
    assert.ok(Math.abs(now - Date.now()) < 60_000);
    await store().sweep(16, 10);
    assert.deepEqual(await kept(), ['probe one 30']);
  });

  it('answers while it is open, and is unavailable afterwards', async () => {
    await store().probe('test', 1);
    const last = store().addToken(givenPushToken());
    await store().close();
    assert.equal(await last, 'added', 'what was under way is finished');
    await assert.rejects(store().probe('test', 1), { code: 'store-unavailable' });
    await assert.rejects(store().addToken(givenPushToken({ serial: 'X' })), { code: 'store-unavailable' });
  });
}

const entry = (id: string, number: number, more: Partial<AuditEntry> = {}): AuditEntry => {
  const fixed = { id, writer: 'w', number, at: number * 10, kind: 'login-refused', digest: `d${number}`, hash: `h${number}` } as const;
  return { ...fixed, body: '{}', ...more };
};

function auditCases(store: () => Store): void {
  it('appends entries in order, skips those already in place, and reports a conflict in a place', async () => {
    assert.equal(await store().appendAudit([entry('a', 1), entry('b', 2)]), undefined);
    // when entries with a lost acknowledgement are sent again, with more
    assert.equal(await store().appendAudit([entry('a', 1), entry('b', 2), entry('c', 3)]), undefined);
    // and when a note became an entry of another chain before
    assert.equal(await store().appendAudit([entry('d', 4), entry('b', 5), entry('e', 6)]), 'b');
    // then everything before that is there, and nothing after it
    const ids = async (behind: number) => (await store().auditChain('w', behind, 10)).map(({ id }) => id);
    assert.deepEqual(await ids(0), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await ids(2), ['c', 'd']);
    assert.deepEqual(await store().auditChain('other', 0, 10), []);
    assert.deepEqual(await store().findAudit('c'), entry('c', 3));
    assert.equal(await store().findAudit('e'), undefined);
  });

  it('lists by each filter, page by page and both ways', async () => {
    const about = { act: 'delete', authServer: 'vpn', transaction: 't', serials: ['S1', 'S2'], subject: 'k1', actor: 'k2' };
    const entries = [
      entry('a', 1, about),
      entry('b', 2, { typed: 'alice' }),
      entry('c', 3, { kind: 'login-started', at: 20, subject: 'k3' }),
    ];
    await store().appendAudit([...entries, entry('e', 4), entry('d', 5)]);
    const ids = async (filter: AuditFilter, more: Partial<AuditPage> = {}) =>
      (await store().listAudit(filter, { limit: 10, ...more })).map(({ id }) => id).join('');
    for (const [filter, expected] of [
      [{}, 'decba'],
      [{ persons: ['k1', 'k3'] }, 'ca'],
      [{ persons: ['k1'], typed: 'alice' }, 'ba'],
      [{ typed: 'ali*' }, ''],
      [{ actors: ['k2'] }, 'a'],
      [{ actors: [] }, ''],
      [{ actors: ['k2'], typedActor: 'alice' }, 'ba'],
      [{ serial: 'S2' }, 'a'],
      [{ transaction: 't', authServer: 'vpn' }, 'a'],
      [{ authServer: 'other' }, ''],
      [{ kinds: ['login-started', 'login-finished'] }, 'c'],
      [{ acts: ['delete', 'enable'] }, 'a'],
      [{ from: 20, until: 50 }, 'ecb'],
    ] as const) {
      assert.equal(await ids(filter), expected, JSON.stringify(filter));
      assert.equal(await store().countAudit(filter), expected.length);
    }
    assert.equal(await ids({}, { limit: 2 }), 'de');
    assert.equal(await ids({}, { limit: 2, after: { at: 40, number: 4, id: 'e' } }), 'cb');
    assert.equal(await ids({}, { after: { at: 20, number: 3, id: 'c' } }), 'ba');
    assert.equal(await ids({}, { ascending: true, after: { at: 20, number: 2, id: 'b' } }), 'ced');
    assert.equal(await ids({}, { offset: 3, limit: 1 }), 'b');
    assert.deepEqual(await store().listAudit({ serial: 'S1' }, { limit: 1 }), [entries[0]]);
  });

  it('removes the content of expired entries, and keeps their place in the chain', async () => {
    const about = {
      act: 'x',
      authServer: 'vpn',
      transaction: 't',
      serials: ['S'],
      subject: 'k',
      actor: 'l',
      typed: 'n',
      clear: { own: '{}' },
    };
    await store().appendAudit([entry('a', 1, about), entry('b', 2, { kind: 'login-started' }), entry('c', 3, about), entry('d', 9, about)]);
    assert.equal(await store().expireAudit(['login-refused'], 40, 1), 1);
    assert.equal(await store().expireAudit(['login-refused'], 40, 10), 1);
    assert.equal(await store().expireAudit(['login-refused'], 40, 10), 0);
    const { body: _gone, ...left } = entry('a', 1);
    assert.deepEqual(await store().auditChain('w', 0, 1), [left]);
    assert.deepEqual([await store().countAudit({ serial: 'S' }), await store().countAudit({ kinds: ['login-refused'] })], [1, 1]);
    assert.equal(await store().countAudit({ kinds: ['login-refused'], hasContent: true }), 1);
  });

  it('removes the clear text of one person, and of no other', async () => {
    const both = { subject: 'k', actor: 'l', clear: { subject: 's', actor: 'a' } };
    await store().appendAudit([entry('a', 1, both), entry('b', 2, { actor: 'k', clear: { actor: 'a' } }), entry('c', 3, { subject: 'k' })]);
    await store().appendAudit([entry('d', 4, { typed: 'bob', clear: { own: 'o' } }), entry('e', 5, { typed: 'bob', clear: { own: 'o' } })]);
    assert.equal((await store().eraseClearText('k', 1)) + (await store().eraseClearText('k', 10)), 2);
    assert.equal(await store().eraseClearText('k', 10), 0);
    await store().eraseTyped(['d', 'unknown']);
    const chain = await store().auditChain('w', 0, 10);
    assert.deepEqual(
      chain.map(({ clear, typed, subject }) => [clear, typed, subject]),
      [
        [{ actor: 'a' }, undefined, 'k'],
        [undefined, undefined, undefined],
        [undefined, undefined, 'k'],
        [undefined, undefined, undefined],
        [{ own: 'o' }, 'bob', undefined],
      ],
    );
    assert.deepEqual(await store().auditWriterNames(), ['w']);
  });

  it('knows the head of each chain, and lets one of several callers end a silent one', async () => {
    const writer = (name: string, seenAt: number) => ({ writer: name, number: 2, hash: 'h', signature: 's', seenAt, ended: false });
    for (const each of [writer('b', 1), writer('a', 1), writer('b', 7)]) await store().putAuditWriter(each);
    assert.deepEqual(await store().auditWriters(), [writer('a', 1), writer('b', 7)]);
    assert.equal(await store().endAuditWriter('b', 1), false, 'it was heard of meanwhile');
    const ends = await Promise.all([store().endAuditWriter('b', 7), store().endAuditWriter('b', 7)]);
    assert.deepEqual([...ends].sort(), [false, true]);
    assert.deepEqual(await store().auditWriters('running'), [writer('a', 1)]);
  });

  it('keeps the first key of a person, finds it by person, prefix and id, and deletes it', async () => {
    const key = (person: string, id: string) => ({ person, id, sealedKey: `s${id}` });
    await store().addPersonKeys([key('user\nbob\ncorp', '1'), key('user\nbob\nlax', '2'), key('user\nbobby\ncorp', '3')]);
    await store().addPersonKeys([key('user\nbob\ncorp', '4'), key('user\n😀\ncorp', '5')]);
    const ids = (keys: readonly PersonKey[]): string =>
      keys
        .map(({ id }) => id)
        .sort()
        .join('');
    assert.deepEqual(await store().findPersonKeys(['user\nbob\ncorp', 'nobody']), [key('user\nbob\ncorp', '1')]);
    assert.equal(ids(await store().personKeysFrom('user\nbob\n')), '12');
    assert.equal(ids(await store().personKeysFrom('user\n😀')), '5');
    assert.equal(ids(await store().personKeysOf(['3', '4'])), '3');
    assert.deepEqual([await store().removePersonKey('1'), await store().removePersonKey('1')], [true, false]);
    assert.equal(ids(await store().personKeysFrom('user\n')), '235');
  });
}

function noteCases(store: () => Store): void {
  const note = (id: string): AuditNote => ({ id, at: 100, text: `sealed ${id}` });
  /** All stored notes, whatever their lease. */
  const notes = async (): Promise<string> => {
    const far = 1_000_000;
    return (await store().claimNotes(far, far, 100))
      .map(({ id }) => id)
      .sort()
      .join(' ');
  };

  it('writes an audit note with its change, and none without a change', async () => {
    const token = givenPushToken();
    const account = { name: 'admin', passwordHash: 'h', createdAt: 1 };
    // given acts that change something
    assert.equal(await store().addToken(token, note('add')), 'added');
    assert.equal(await store().changeToken(token.serial, 0, { description: 'x' }, note('change')), 'changed');
    assert.equal(await store().addAccount(account, note('make')), 'added');
    assert.equal(await store().changeAccount('admin', { disabled: true }, note('disable')), true);
    await store().putAccount(account, note('put'));
    assert.equal(await notes(), 'add change disable make put');
    // when nothing is there to be done, or others were first
    assert.equal(await store().addToken(token, note('n1')), 'taken');
    assert.equal(await store().changeToken(token.serial, 0, { description: 'y' }, note('n2')), 'conflict');
    assert.equal(await store().removeToken('other', note('n3')), false);
    assert.equal(await store().addAccount(account, note('n4')), 'taken');
    assert.equal(await store().changeAccount('other', { disabled: true }, note('n5')), false);
    assert.equal(await store().removeAccount('other', note('n6')), false);
    // then there is no note of it
    assert.equal(await store().removeToken(token.serial, note('remove')), true);
    assert.equal(await store().removeAccount('admin', note('unmake')), true);
    await store().removeNotes(['add', 'change', 'make', 'disable', 'put', 'unknown']);
    assert.equal(await notes(), 'remove unmake');
  });

  it('notes one of two concurrent changes', async () => {
    await store().addToken(givenPushToken());
    const change = (id: string) => store().changeToken('PIPU00010001', 0, { description: id }, note(id));
    const [one] = await Promise.all([change('one'), change('two')]);
    assert.equal(await notes(), one === 'changed' ? 'one' : 'two');
  });

  it('leaves a note to its gateway for ten seconds, then leases it to one caller', async () => {
    await store().addToken(givenPushToken(), note('a'));
    assert.deepEqual(await store().claimNotes(10_099, 20_000, 10), []);
    const both = await Promise.all([store().claimNotes(10_100, 20_000, 10), store().claimNotes(10_100, 20_000, 10)]);
    assert.deepEqual(both.flat(), [note('a')]);
    assert.deepEqual(await store().claimNotes(19_999, 30_000, 10), []);
    assert.equal((await store().claimNotes(20_000, 30_000, 10)).length, 1);
    await store().removeNotes(['a']);
    assert.deepEqual(await store().claimNotes(90_000, 90_000, 10), []);
  });
}

function deviceCases(store: () => Store): void {
  it('adds a relay device once, changes it under its version, and removes it once', async () => {
    const added = await Promise.all(['a', 'b'].map((platform) => store().putDevice(givenDevice({ platform }), undefined)));
    assert.deepEqual([...added].sort(), ['conflict', 'put']);
    assert.equal((await store().findDevice('DEADBEEF'))?.platform, added[0] === 'put' ? 'a' : 'b');
    const { platform: _gone, ...next } = givenDevice({ version: 1, deadSince: 7 });
    assert.deepEqual(await Promise.all([store().putDevice(next, 0), store().putDevice(givenDevice({ version: 1 }), 5)]), [
      'put',
      'conflict',
    ]);
    assert.deepEqual(await store().findDevice('DEADBEEF'), next, 'a field can be taken away');
    assert.equal(await store().putDevice(givenDevice({ gda: 'unknown', version: 1 }), 0), 'conflict');
    assert.equal(await store().removeDevice('DEADBEEF', 0), false);
    assert.deepEqual([await store().removeDevice('DEADBEEF', 1), await store().removeDevice('DEADBEEF', 1)], [true, false]);
    assert.equal(await store().findDevice('DEADBEEF'), undefined);
  });

  it('lists the dead devices of one owner from a moment on, oldest first', async () => {
    const dead = { c: 10, a: 30, b: 20, d: 20 };
    for (const [gda, deadSince] of Object.entries(dead)) await store().putDevice(givenDevice({ gda, deadSince }), undefined);
    await store().putDevice(givenDevice({ gda: 'alive' }), undefined);
    await store().putDevice(givenDevice({ gda: 'other', owner: 'other', deadSince: 20 }), undefined);
    const list = async (since: number, limit: number, after?: string) =>
      (await store().deadDevices('linotp', { since, after }, limit)).map(({ gda }) => gda);
    assert.deepEqual(await list(0, 10), ['c', 'b', 'd', 'a']);
    assert.deepEqual(await list(20, 2), ['b', 'd']);
    assert.deepEqual(await list(31, 10), []);
    // and from a place between two that died at the same time
    assert.deepEqual(await list(20, 10, 'b'), ['d', 'a']);
    assert.deepEqual(await list(20, 1, 'd'), ['a']);
    assert.deepEqual(await list(30, 10, 'a'), []);
  });

  it('keeps the progress of a relayed challenge, under the version of its decision', async () => {
    const claimed = (until: number, version: number): Decision => ({
      ...givenTransaction().decision,
      relay: { kind: 'claimed', until },
      version,
    });
    const transaction = givenTransaction({ kind: 'relay', decision: claimed(10, 0) });
    assert.equal(await store().addTransaction(transaction), 'added');
    assert.deepEqual(await store().findTransaction(transaction.id), transaction);
    const both = await Promise.all([20, 30].map((until) => store().decide(transaction.id, 0, claimed(until, 1), [], effectsDue)));
    assert.deepEqual([...both].sort(), ['conflict', 'decided'], 'one takes over');
  });
}

function transferCases(store: () => Store): void {
  it('imports whole records and exports the same, in order, however often they come', async () => {
    const [records = []] = fc.sample(anyRecords, { numRuns: 1, seed: 7 });
    assert.deepEqual(await recordsOf(store()), []);
    await store().importRecords([]);
    await store().importRecords(records);
    await store().importRecords(records);
    assert.deepEqual(await recordsOf(store()), inOrder(records));
    // and a record under an existing key replaces it
    const changed = records.map((record) => (record.kind === 'counter' ? { ...record, count: 1_000_000 } : record));
    await store().importRecords(changed);
    assert.deepEqual(await recordsOf(store()), inOrder(changed));
    assert.equal(new Set(records.map(({ kind }) => kind)).size, recordKinds.length);
  });

  it('replaces a seal only while it is the one that was read, and changes nothing else', async () => {
    // given one record of each kind that holds a secret
    const serverKey = { publicKey: 'p', sealedPrivateKey: 'old' };
    const records: [SealedRecord, SealedRecord][] = [
      [
        { kind: 'token', token: givenPushToken({ serverKey, version: 3, pinHash: 'h' }) },
        { kind: 'token', token: givenPushToken({ serverKey: { ...serverKey, sealedPrivateKey: 'new' }, version: 3, pinHash: 'h' }) },
      ],
      [
        { kind: 'stock-key', stockKey: { id: 'k', bits: 2048, publicKey: 'p', sealedPrivateKey: 'old' } },
        { kind: 'stock-key', stockKey: { id: 'k', bits: 2048, publicKey: 'p', sealedPrivateKey: 'new' } },
      ],
      [
        { kind: 'partition-key', partitionKey: { id: 'linotp:0', publicKey: 'p', sealedSeed: 'old' } },
        { kind: 'partition-key', partitionKey: { id: 'linotp:0', publicKey: 'p', sealedSeed: 'new' } },
      ],
      [
        { kind: 'person-key', personKey: { person: 'alice', id: 'i', sealedKey: 'old' } },
        { kind: 'person-key', personKey: { person: 'alice', id: 'i', sealedKey: 'new' } },
      ],
      [
        { kind: 'outbox-message', message: givenMessage({ payload: 'old' }) },
        { kind: 'outbox-message', message: givenMessage({ payload: 'new' }) },
      ],
    ];
    for (const [before, after] of records) {
      assert.equal(await store().reseal(before, 'new'), false, `${before.kind} that is not there`);
      await store().importRecords([before]);
      // when two look at the same record, then one of them wins
      assert.equal(await store().reseal(before, 'new'), true, before.kind);
      assert.equal(await store().reseal(before, 'newer'), false, before.kind);
      assert.deepEqual(await store().recordsOf(before.kind, undefined, 10), [after]);
    }
    // and a push token without a sealed key gets none
    await store().removeToken('PIPU00010001');
    await store().addToken(givenPushToken());
    assert.equal(await store().reseal({ kind: 'token', token: givenPushToken() }, 'new'), false);
    assert.deepEqual(await store().findToken('PIPU00010001'), givenPushToken());
  });

  it('exports more than one page', async () => {
    const tokens = Array.from({ length: 450 }, (_, number) => givenPushToken({ serial: `S${number}` }));
    for (let from = 0; from < tokens.length; from += 150)
      await store().importRecords(tokens.slice(from, from + 150).map((token) => ({ kind: 'token', token })));
    assert.deepEqual(await recordsOf(store()), inOrder(tokens.map((token) => ({ kind: 'token', token }))));
  });

  it('works with imported records as with its own', async () => {
    const id = '00100000000000000001';
    const transaction = givenTransaction({ foreignId: 'f' });
    const consumed = { ...givenTransaction({}, [givenChallenge({ handle: 'N2' })]).decision, state: 'consumed' as const };
    await store().importRecords([
      { kind: 'token', token: givenPushToken() },
      { kind: 'transaction', transaction, trail: [], effects: [] },
      {
        kind: 'transaction',
        transaction: givenTransaction({ id: 'due', decision: consumed }),
        trail: [],
        effects: [effect('e')],
        effectsDue,
      },
      { kind: 'counter', key: 'c', count: 3, endsAt: 100 },
    ]);
    assert.equal(await store().addToken(givenPushToken()), 'taken');
    assert.equal(await store().addTransaction(givenTransaction({ id: 'x' })), 'taken', 'its handle');
    assert.equal(await store().addTransaction(givenTransaction({ id: 'x', foreignId: 'f' }, [givenChallenge({ handle: 'N3' })])), 'taken');
    assert.deepEqual(await store().openTransactionsOf('PIPU00010001', 0), [transaction]);
    assert.equal((await store().findByForeignId('privacyidea', 'vpn', 'f'))?.id, id);
    assert.equal((await store().findByHandle('pipush', 'N2'))?.id, 'due');
    assert.equal(await store().decide(id, 0, { ...transaction.decision, state: 'accepted', version: 1 }, [], effectsDue), 'decided');
    assert.deepEqual([(await store().tokensOf(keysOf('alice'))).length, (await store().tokensOf(keysOf('Alice'))).length], [1, 0]);
    assert.deepEqual(await store().countUp('c', 0, 500), { count: 4, endsAt: 100 });
    assert.equal((await store().claimDueEffects(effectsDue, effectsDue + 1, 10)).length, 1);
    assert.equal(await store().sweep(2001, 10), 1, 'what has effects left stays');
  });
}
