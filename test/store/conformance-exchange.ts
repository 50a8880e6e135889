import assert from 'node:assert/strict';
import type { IdentityPin, KeptRequest, PublishedEvent } from '../../src/foundation/model/index.ts';
import type { Store } from '../../src/store/store.ts';
import { givenMessage } from '../kit/records.ts';

/** The tests of the records for the exchange with auth servers, which every store must pass. */
export function exchangeCases(store: () => Store): void {
  requestCases(store);
  outboxCases(store);
  eventCases(store);
  identityCases(store);
}

function requestCases(store: () => Store): void {
  const request = (over: Partial<KeptRequest> = {}): KeptRequest => ({ id: 'r', digest: 'k.d', begunAt: 100, endsAt: 1000, ...over });

  it('gives a request to the first of several callers, and its record to the others', async () => {
    const claims = await Promise.all([100, 101, 102, 103].map((begunAt) => store().claimRequest(request({ begunAt }), 0)));
    const others = claims.filter((claim) => claim !== 'claimed');
    assert.equal(others.length, 3);
    assert.deepEqual(
      others,
      [0, 1, 2].map(() => request({ begunAt: 100 + claims.indexOf('claimed') })),
    );
    // and, once it is done, its resource
    await store().keepRequest('r', 'first');
    await store().keepRequest('r', 'second');
    assert.deepEqual((await store().claimRequest(request({ digest: 'k.other' }), 5000)) as KeptRequest, {
      ...(others[0] as KeptRequest),
      resource: 'first',
    });
  });

  it('lets one caller take over a request that was left without a resource, and any caller repeat an ended one', async () => {
    await store().claimRequest(request(), 0);
    assert.deepEqual(await store().claimRequest(request({ begunAt: 200 }), 100), request());
    const takes = await Promise.all([201, 202].map((begunAt) => store().claimRequest(request({ begunAt }), 101)));
    assert.equal(takes.filter((take) => take === 'claimed').length, 1);
    await store().keepRequest('r', 'first');
    assert.notEqual(await store().claimRequest(request({ begunAt: 999 }), 999), 'claimed');
    assert.equal(await store().claimRequest(request({ begunAt: 1000, endsAt: 2000 }), 0), 'claimed');
    assert.deepEqual(await store().claimRequest(request({ begunAt: 1001 }), 0), request({ begunAt: 1000, endsAt: 2000 }));
  });

  it('forgets a request without a resource, for the caller that holds it', async () => {
    await store().claimRequest(request(), 0);
    await store().forgetRequest('r', 99);
    assert.notEqual(await store().claimRequest(request(), 0), 'claimed', 'another one has it');
    await store().forgetRequest('r', 100);
    assert.equal(await store().claimRequest(request(), 0), 'claimed');
    await store().keepRequest('r', 'first');
    await store().forgetRequest('r', 100);
    assert.deepEqual(await store().claimRequest(request(), 0), request({ resource: 'first' }), 'it is done');
  });

  it('sweeps ended requests', async () => {
    await store().claimRequest(request(), 0);
    await store().sweep(1000, 10);
    assert.notEqual(await store().claimRequest(request(), 0), 'claimed');
    await store().sweep(1001, 10);
    assert.equal(await store().claimRequest(request(), 0), 'claimed');
  });
}

function outboxCases(store: () => Store): void {
  const hook = 'hook:billing';
  /** Claims at `now` for 30 s; the ids. */
  const claim = async (now: number, limit = 10, target = hook): Promise<string> =>
    (await store().claimMessages(target, { now, leaseUntil: now + 30_000, limit })).map(({ id }) => id).join(' ');
  const ids = async (filter: Parameters<Store['listMessages']>[0], limit = 10): Promise<string> =>
    (await store().listMessages(filter, limit)).map(({ id }) => id).join(' ');

  it('adds a message once, and leases it to one of several callers when it is due, until the lease ends', async () => {
    await Promise.all([1, 2].map(() => store().addMessages([givenMessage()])));
    await store().addMessages([givenMessage({ payload: 'other' }), givenMessage({ id: 'm2', target: 'hook:other' })]);
    await store().addMessages([]);
    assert.equal(await claim(99), '');
    const claims = await Promise.all(
      Array.from({ length: 6 }, () => store().claimMessages(hook, { now: 100, leaseUntil: 30_100, limit: 10 })),
    );
    const claimed = givenMessage({ attempts: 1, dueAt: 30_100 });
    assert.deepEqual(claims.flat(), [claimed]);
    assert.deepEqual(await store().findMessage('m1'), claimed);
    assert.equal(await store().findMessage('m3'), undefined);
    assert.deepEqual([await claim(30_099), await claim(30_100), await claim(100, 10, 'hook:other')], ['', 'm1', 'm2']);
  });

  it('claims the first message of each order only, by position, and the next one when that is finished', async () => {
    const message = (id: string, order: string, position: number) => givenMessage({ id, order, position });
    await store().addMessages([message('a2', 'a', 2), message('a10', 'a', 10), message('a1', 'a', 1), message('b1', 'b', 1)]);
    assert.deepEqual([(await claim(100)).split(' ').sort().join(' '), await claim(101)], ['a1 b1', '']);
    // the second one waits while the first one is tried again
    assert.equal(await store().changeMessage('a1', 1, { dueAt: 5000, lastError: '503' }), true);
    assert.deepEqual([await claim(4999), await claim(5000)], ['', 'a1']);
    // and is due at once when it is removed
    assert.equal(await store().removeMessage('a1', 2), true);
    assert.deepEqual([await claim(5001), await claim(5002)], ['a2', '']);
    // or dead
    assert.equal(await store().changeMessage('a2', 1, { state: 'dead', lastError: '410' }), true);
    assert.deepEqual([await claim(5003), await claim(5004)], ['a10', '']);
  });

  it('comes to the due messages behind many that wait for a predecessor', async () => {
    const first = givenMessage({ id: 'first', order: 'a', position: 0, dueAt: 500_000 });
    const held = Array.from({ length: 250 }, (_, index) => givenMessage({ id: `a${index}`, order: 'a', position: 1 }));
    await store().addMessages([first, ...held, givenMessage({ id: 'b', order: 'b', dueAt: 101 })]);
    const claims = [];
    for (let round = 0; round < 3; round += 1) claims.push(await claim(200));
    assert.equal(claims.join(''), 'b');
    // and they are due once it is finished
    assert.equal(await store().removeMessage('first'), true);
    assert.equal(await claim(201), 'a0');
  });

  it('claims no more than asked for, those that were due first', async () => {
    const messages = [3, 1, 2].map((at) => givenMessage({ id: `m${at}`, order: `t${at}`, dueAt: at }));
    await store().addMessages(messages);
    assert.deepEqual([await claim(100, 2), await claim(100, 2), await claim(100, 2)], ['m1 m2', 'm3', '']);
  });

  it('lets the last gateway that claimed a message change or remove it, and no earlier one', async () => {
    await store().addMessages([givenMessage()]);
    await claim(100);
    await claim(30_100);
    assert.deepEqual([await store().changeMessage('m1', 1, { state: 'begun' }), await store().removeMessage('m1', 1)], [false, false]);
    assert.equal(await store().changeMessage('m1', 2, { state: 'begun' }), true);
    // a begun message of a gateway that died is claimed as what it is
    assert.deepEqual(await store().claimMessages(hook, { now: 60_100, leaseUntil: 90_100, limit: 1 }), [
      givenMessage({ state: 'begun', attempts: 3, dueAt: 90_100 }),
    ]);
    assert.deepEqual([await store().removeMessage('m1', 3), await store().removeMessage('m1', 3)], [true, false]);
    assert.equal(await store().changeMessage('m1', 3, { dueAt: 1 }), false);
  });

  it('replays a dead message as a new one, once, and no other', async () => {
    await store().addMessages([givenMessage()]);
    assert.equal(await store().replayMessage('m1', 500, 20_000), false);
    await claim(100);
    await store().changeMessage('m1', 1, { state: 'dead', lastError: '410' });
    assert.equal(await claim(1_000_000), '');
    assert.deepEqual([await store().replayMessage('m1', 500, 20_000), await store().replayMessage('m1', 500, 20_000)], [true, false]);
    assert.deepEqual(await store().findMessage('m1'), givenMessage({ dueAt: 500, endsAt: 20_000 }));
    assert.deepEqual([await claim(499), await claim(500)], ['', 'm1']);
  });

  it('lists messages by target and state, page by page, and tallies them', async () => {
    await store().addMessages([
      givenMessage({ id: 'a', state: 'dead' }),
      givenMessage({ id: 'b', createdAt: 7 }),
      givenMessage({ id: 'c', createdAt: 3 }),
      givenMessage({ id: 'd', target: 'ciba:x', state: 'dead' }),
    ]);
    assert.deepEqual([await ids({}), await ids({ target: hook }), await ids({ state: 'dead' })], ['a b c d', 'a b c', 'a d']);
    assert.equal(await ids({ target: hook, state: 'waiting' }), 'b c');
    assert.deepEqual([await ids({}, 2), await ids({ after: 'b' }, 1)], ['a b', 'c']);
    assert.deepEqual(await store().tallyMessages(), [
      { target: 'ciba:x', state: 'dead', count: 1, oldest: 50 },
      { target: hook, state: 'dead', count: 1, oldest: 50 },
      { target: hook, state: 'waiting', count: 2, oldest: 3 },
    ]);
  });

  it('sweeps dead messages that ended, and no others', async () => {
    await store().addMessages([givenMessage({ id: 'a', state: 'dead' }), givenMessage({ id: 'b' })]);
    await store().sweep(10_000, 10);
    assert.equal(await ids({}), 'a b');
    await store().sweep(10_001, 10);
    assert.equal(await ids({}), 'b');
  });
}

function eventCases(store: () => Store): void {
  type NewEvent = Omit<PublishedEvent, 'number'>;
  const event = (id: string, over: Partial<NewEvent> = {}): NewEvent => ({
    id,
    authServer: 'shop',
    at: 5,
    transaction: 't1',
    kind: 'challenge.accepted',
    data: { id: 't1', status: 'accepted' },
    endsAt: 1000,
    ...over,
  });
  const numbers = async (authServer = 'shop', after = 0): Promise<string[]> =>
    (await store().eventsAfter(authServer, after, 1000)).map(({ number, id }) => `${number} ${id}`);

  it('numbers the events of each auth server, in order, and none twice', async () => {
    await store().publish([event('a'), event('b'), event('x', { authServer: 'bank' })]);
    await store().publish([event('c')]);
    await store().publish([]);
    assert.deepEqual(await store().eventsAfter('shop', 1, 1), [{ ...event('b'), number: 2 }]);
    assert.deepEqual([await numbers(), await numbers('shop', 2), await numbers('bank')], [['1 a', '2 b', '3 c'], ['3 c'], ['1 x']]);
    assert.deepEqual([await store().lastEventNumber('shop'), await store().lastEventNumber('other')], [3, 0]);
    // also when many write at once
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    await Promise.all(ids.map((id) => store().publish([event(id), event(`${id}'`)])));
    const found = await store().eventsAfter('shop', 3, 1000);
    assert.deepEqual(
      found.map(({ number }) => number),
      Array.from({ length: 80 }, (_, index) => index + 4),
    );
  });

  it('skips events that it has, whatever else comes with them', async () => {
    await store().publish([event('a')]);
    await store().publish([event('a', { kind: 'other' }), event('b')]);
    assert.deepEqual(await numbers(), ['1 a', '2 b']);
    // also when several publish the same at once: no number has two events, and no event two numbers
    await Promise.all([1, 2, 3].map(() => store().publish([event('c'), event('d')])));
    const found = await store().eventsAfter('shop', 2, 10);
    assert.deepEqual(found.map(({ id }) => id).sort(), ['c', 'd']);
    assert.equal(new Set(found.map(({ number }) => number)).size, 2);
  });

  it('notifies listeners of an auth server that its events are there, until they stop', async () => {
    const told = { stopped: 0 };
    const stop = store().onPublished('shop', () => {
      told.stopped += 1;
    });
    const published = (authServer: string, number: number): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = async (): Promise<void> => {
          if ((await store().eventsAfter(authServer, number - 1, 1)).length === 0) return;
          end();
          resolve();
        };
        const end = store().onPublished(authServer, () => void look().catch(reject));
        look().catch(reject);
      });
    const both = [published('shop', 1), published('error', 1)];
    await store().publish([event('a')]);
    await store().publish([event('b', { authServer: 'error' })]);
    await Promise.all(both);
    stop();
    stop();
    const before = told.stopped;
    const again = published('shop', 2);
    await store().publish([event('c')]);
    await again;
    assert.equal(told.stopped, before);
  });

  it('sweeps events that ended, and goes on with their numbers', async () => {
    await store().publish([event('a'), event('b', { endsAt: 2000 })]);
    await store().sweep(1001, 10);
    assert.deepEqual(await numbers(), ['2 b']);
    await store().sweep(2001, 10);
    await store().publish([event('a')]);
    assert.deepEqual(await numbers(), ['3 a']);
  });
}

function identityCases(store: () => Store): void {
  const pin = (id: string, over: Partial<IdentityPin> = {}): IdentityPin => ({
    id,
    issuer: 'https://sso.example.com/realms/shop',
    subject: `s-${id}`,
    user: 'alice',
    realm: 'corp',
    at: 5,
    ...over,
  });

  it('pins an identity to the first user, whoever comes at the same time, until it is removed', async () => {
    const users = ['alice', 'bob', 'carol', 'dave'];
    const stored = await Promise.all(users.map((user) => store().pinIdentity(pin('a', { user }))));
    const found = await store().findIdentity('a');
    assert.ok(found);
    assert.deepEqual(stored, [found, found, found, found]);
    assert.deepEqual(await store().pinIdentity(pin('a', { user: 'eve' })), found);
    assert.equal(await store().findIdentity('b'), undefined);
    assert.deepEqual([await store().removeIdentity('a'), await store().removeIdentity('a')], [true, false]);
    assert.deepEqual(await store().pinIdentity(pin('a', { user: 'eve' })), pin('a', { user: 'eve' }));
  });

  it('lists the identities of a realm, page by page', async () => {
    for (const id of ['c', 'a', 'b']) await store().pinIdentity(pin(id));
    await store().pinIdentity(pin('d', { realm: 'guests' }));
    const ids = async (after: string | undefined, limit: number) =>
      (await store().listIdentities('corp', after, limit)).map(({ id }) => id);
    assert.deepEqual([await ids(undefined, 2), await ids('b', 2), await ids('c', 2)], [['a', 'b'], ['c'], []]);
  });
}
