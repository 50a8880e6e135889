import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../kit/clock.ts';
import { type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

describe('Logins, as operators see them', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Logins of alice and bob in corp, the first of which was accepted and taken, and one of carol in guests. */
  const givenLogins = async (policies: GatewayWishes['policies'] = []) => {
    const gateway = await givenGateway(undo, { policies });
    const { client, clock, phoneOf, challenge } = gateway;
    const [alice, bob] = [await phoneOf('alice'), await phoneOf('bob')];
    const carol = await phoneOf('carol', { realm: 'guests' });
    const hers = await challenge('alice', alice);
    await alice.answer(hers.nonce);
    await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: hers.id });
    clock.advance(minutes(1));
    const his = await challenge('bob', bob);
    clock.advance(seconds(10));
    const guest = await challenge('carol@guests', carol);
    await gateway.gateway.settled();
    const ops = opsClient(client.url, gateway.admin);
    const list = async (query = ''): Promise<string[]> =>
      (await ops('GET', `/ops/transactions${query}`)).body.transactions.map(({ id }: { id: string }) => id);
    return {
      ...gateway,
      ops,
      list,
      phones: { alice, bob, carol },
      ids: { alice: hers.id, bob: his.id, carol: guest.id },
      nonce: his.nonce,
    };
  };

  it('are listed by user, realm, push token, state and time, newest first', async () => {
    const { list, ids, ops, phones, clock } = await givenLogins();
    assert.deepEqual(await list(), [ids.carol, ids.bob, ids.alice]);
    for (const [query, found] of [
      ['?user=ALICE', [ids.alice]],
      ['?user=carol', [ids.carol]],
      ['?user=carol%40guests', [ids.carol]],
      ['?user=carol&realm=corp', []],
      ['?realm=corp', [ids.bob, ids.alice]],
      [`?serial=${phones.bob.serial}`, [ids.bob]],
      ['?state=pending', [ids.carol, ids.bob]],
      ['?state=consumed', [ids.alice]],
      ['?since=1m', [ids.carol, ids.bob]],
      [`?since=${new Date(clock() - 5000).toISOString()}`, [ids.carol]],
      ['?limit=1', [ids.carol]],
    ] as const)
      assert.deepEqual(await list(query), found, query);
    for (const query of ['?state=lost', '?since=yesterday', '?limit=0', '?usr=x'])
      assert.equal((await ops('GET', `/ops/transactions${query}`)).status, 400, query);
    assert.equal((await ops('GET', '/ops/transactions?realm=nosuch')).status, 404);
  });

  it('are shown with what delivery tried, and without what the phone signs', async () => {
    const { ops, ids, nonce, phones } = await givenLogins();
    const { body } = await ops('GET', `/ops/transactions/${ids.bob}`);
    assert.deepEqual(
      [body.user, body.status, body.challenges, body.trail.length],
      ['bob', 'pending', [{ serial: phones.bob.serial, mode: 'confirm', state: 'pending' }], 1],
    );
    assert.ok(Date.parse(body.createdAt) < Date.parse(body.answerUntil));
    const all = await ops('GET', '/ops/transactions');
    assert.doesNotMatch(JSON.stringify([body, all.body]), new RegExp(`${nonce}|payload|phoneKey|tag|client`));
  });

  it('are open to whoever may read challenges, in the realms where that is so', async () => {
    const corp = { name: 'helpdesk', scope: 'admin', match: { realm: ['corp'] }, actions: { getchallenges: true, enrollPUSH: true } };
    const guests = { name: 'guests', scope: 'admin', match: { realm: ['guests'] }, actions: { enrollPUSH: true } };
    const { list, ids, ops } = await givenLogins([corp, guests]);
    assert.deepEqual(await list(), [ids.bob, ids.alice]);
    assert.deepEqual(await list('?realm=guests'), []);
    assert.equal((await ops('GET', `/ops/transactions/${ids.bob}`)).status, 200);
    assert.equal((await ops('GET', `/ops/transactions/${ids.carol}`)).status, 404);
    assert.equal((await ops('GET', '/ops/stats')).status, 403);
  });

  it('are closed to an administrator with other rights, and to strangers', async () => {
    const rule = { name: 'helpdesk', scope: 'admin', actions: { tokenlist: true, enrollPUSH: true } };
    const { ops, ids } = await givenLogins([rule]);
    for (const path of ['/ops/transactions', `/ops/transactions/${ids.bob}`]) {
      assert.equal((await ops('GET', path)).status, 403, path);
      assert.equal((await ops('GET', path, undefined, {})).status, 401, path);
    }
  });

  it('are counted with the push tokens and the outcomes of the last hour', async () => {
    const { ops, client, clock, gateway } = await givenLogins();
    await client.post('/validate/check', { user: 'alice', pass: 'wrong' });
    await gateway.settled();
    const { body } = await ops('GET', '/ops/stats');
    const enrolled = { type: 'push', rolloutState: 'enrolled', enabled: true, assigned: true, locked: false, count: 3 };
    assert.deepEqual([body.tokens, body.openTransactions], [[enrolled], 2]);
    assert.deepEqual(body.lastHour, {
      loginsStarted: 3,
      loginsFinished: 1,
      loginsRefused: 1,
      phonesAnswered: 1,
      loginsReported: 0,
      phonesEnrolled: 3,
    });
    assert.deepEqual(
      body.providers.map(({ name, kind, circuit }: Record<string, unknown>) => [name, kind, circuit]),
      [['poll', 'poll-only', 'closed']],
    );
    // when an hour has passed
    clock.advance(minutes(61));
    const again = await client.login('admin', gateway.firstPassword ?? '');
    const later = (await ops('GET', '/ops/stats', undefined, again)).body;
    assert.deepEqual([later.lastHour.loginsStarted, later.openTransactions], [0, 0]);
  });
});
