import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import type { GatewayWishes } from '../../../../kit/gateway.ts';
import { opsClient } from '../../../../kit/operator.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import { givenManagers, problemOf } from './given.ts';

type Named = { name: string };

/** The administrator of the gateway gets these permissions, in this realm or in all. */
const permitted = (actions: Record<string, boolean>, realm?: string) => ({
  name: `admins of ${realm ?? 'all'}`,
  scope: 'admin',
  match: realm === undefined ? {} : { realm: [realm] },
  actions,
});

describe('The gateway through the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = (wishes: GatewayWishes = {}) => givenManagers(undo, wishes);

  it('tells the state of its providers, and checks one', async () => {
    const { by } = await given();
    const { body } = await by.shop('GET /v1/providers');
    assert.deepEqual(
      body.providers.map(({ name, kind, circuit }: Record<string, string>) => [name, kind, circuit]),
      [['poll', 'poll-only', 'closed']],
    );
    assert.equal((await by.shop('POST /v1/providers/poll/check')).body.ok, true);
    assert.equal(problemOf(await by.shop('POST /v1/providers/nosuch/check')), '404 not-found');
    assert.equal(problemOf(await by.shop('POST /v1/providers/poll/check', { now: true })), '400 invalid-request');
  });

  it('explains which rules decide, but not those for other realms and other auth servers', async () => {
    const rule = (name: string, match: object) => ({ name, match, actions: { push_title_on_mobile: name } });
    const { by } = await given({
      policies: [
        rule('shop only', { authServer: ['shop'] }),
        rule('lobby only', { authServer: ['lobby'] }),
        rule('guests', { realm: ['guests'] }),
        rule('bob', { user: ['bob'], realm: ['corp'] }),
        rule('all', {}),
      ],
    });
    const rules = ({ body }: { body: { rules: Named[] } }) => body.rules.map(({ name }) => name).filter((name) => name !== 'enrol');
    const own = await by.shop('POST /v1/policy/explain', { user: 'alice' });
    assert.deepEqual(rules(own), ['shop only', 'bob', 'all']);
    const [decides, misses, overruled] = own.body.rules;
    assert.deepEqual(
      [decides.decides, misses.mismatches[0].matcher, overruled.overruled],
      [['push_title_on_mobile'], 'user', [{ action: 'push_title_on_mobile', by: 'shop only' }]],
    );
    assert.deepEqual(own.body.plan.providers, [{ name: 'poll', kind: 'poll-only', addresses: ['none'] }]);
    assert.deepEqual(rules(await by.lobby('POST /v1/policy/explain', { user: 'alice', realm: 'guests' })), ['lobby only', 'guests', 'all']);
    const whole = await by.admin('POST /v1/policy/explain', { user: 'alice', authServer: 'lobby' });
    assert.deepEqual(rules(whole), ['shop only', 'lobby only', 'guests', 'bob', 'all']);
    for (const question of [{ authServer: 'lobby' }, { realm: 'guests' }, { user: 'alice@guests' }, { realm: 'nosuch' }])
      assert.equal(problemOf(await by.shop('POST /v1/policy/explain', question)), '404 not-found', JSON.stringify(question));
  });

  it('tells what limits a user, without the clients of other auth servers, and clears it', async () => {
    const { by, client, clock, phoneOf, rest } = await given({ settings: { lockout: 'source', DefaultMaxFailCount: 2 } });
    const { serial } = await phoneOf('alice');
    await phoneOf('alice');
    assert.deepEqual((await by.shop('GET /v1/limits?user=alice')).body, { phones: [], quiet: [] });
    // given wrong PINs at the login page of another auth server
    for (const pass of ['a', 'b']) await client.post('/validate/check', { user: 'alice', pass });
    const quiet = [{ user: 'alice', realm: 'corp', authServer: 'here', until: new Date(clock() + minutes(1)).toISOString() }];
    // then that one sees it once, as administrators do, and nobody else
    for (const query of ['user=alice', `serial=${serial}`]) {
      assert.deepEqual((await by.admin(`GET /v1/limits?${query}`)).body.quiet, quiet, query);
      assert.deepEqual((await rest(`GET /v1/limits?${query}`, undefined, { headers: { authorization: '' } })).body.quiet, quiet, query);
      assert.deepEqual((await by.shop(`GET /v1/limits?${query}`)).body.quiet, [], query);
    }
    assert.deepEqual((await by.lobby('GET /v1/limits?user=alice&realm=corp')).body, { phones: [], quiet: [] });
    // when its limits are cleared, then nothing is left
    assert.equal((await by.shop(`DELETE /v1/limits/${serial}`)).status, 204);
    assert.deepEqual((await by.admin('GET /v1/limits?user=alice')).body.quiet, []);
    for (const query of ['', '?user=alice&serial=X', '?serial=X&realm=corp'])
      assert.equal(problemOf(await by.shop(`GET /v1/limits${query}`)), '400 invalid-request', query);
  });

  describe('The audit', () => {
    const kindsOf = ({ body }: { body: { entries: { kind: string }[] } }) => body.entries.map(({ kind }) => kind);

    /** A challenge of the shop, a login page elsewhere, and a push token that the lobby made. */
    const givenHistory = async () => {
      const world = await given();
      const phone = await world.phoneOf('alice');
      const { body } = await world.by.shop('POST /v1/challenges', { user: 'alice', mode: 'confirm' });
      await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
      await world.client.post('/validate/check', { user: 'alice', pass: 'wrong' });
      await world.by.lobby('POST /v1/tokens', { user: 'carol', realm: 'guests' });
      await world.gateway.settled();
      return { ...world, id: body.id };
    };

    it('shows an auth server the entries of its own requests and challenges, and no others', async () => {
      const { by, id } = await givenHistory();
      const own = await by.shop('GET /v1/audit');
      assert.deepEqual(kindsOf(own).toSorted(), ['challenge-answered', 'login-started']);
      for (const { fields } of own.body.entries)
        assert.deepEqual([fields.user, fields.transaction, fields.authServer ?? fields.origin.authServer], ['alice', id, 'shop']);
      assert.deepEqual(kindsOf(await by.shop('GET /v1/audit?authServer=lobby')), []);
      assert.deepEqual(kindsOf(await by.lobby(`GET /v1/audit?transaction=${id}`)), []);
      assert.deepEqual(kindsOf(await by.lobby('GET /v1/audit')), ['token-administered']);
      const whole = kindsOf(await by.admin('GET /v1/audit?user=alice'));
      assert.ok(whole.includes('login-refused') && whole.includes('phone-enrolled'), whole.join());
    });

    it('is read by what is asked, page by page', async () => {
      const { by, id } = await givenHistory();
      assert.deepEqual(kindsOf(await by.shop(`GET /v1/audit?transaction=${id}&kind=login-started&from=1h`)), ['login-started']);
      const first = await by.shop('GET /v1/audit?limit=1');
      const second = await by.shop(`GET /v1/audit?limit=1&cursor=${first.body.next}`);
      assert.equal(second.body.next, undefined);
      assert.deepEqual([...kindsOf(first), ...kindsOf(second)].toSorted(), ['challenge-answered', 'login-started']);
      // a cursor does not lead into the entries of another auth server
      assert.equal(problemOf(await by.lobby(`GET /v1/audit?limit=1&cursor=${first.body.next}`)), '400 invalid-request');
    });

    it('forgets a user of the realms of the auth server that asks, and tells who asked', async () => {
      const { by } = await givenHistory();
      assert.equal(problemOf(await by.lobby('POST /v1/audit/erase', { user: 'alice', realm: 'corp' })), '404 not-found');
      const erased = await by.shop('POST /v1/audit/erase', { user: 'alice' });
      assert.ok(erased.body.entries >= 4, erased.text);
      const own = await by.shop('GET /v1/audit?kind=login-started');
      assert.equal(own.body.entries[0].fields.user, null);
      const [told] = (await by.admin('GET /v1/audit?kind=audit-erased')).body.entries;
      assert.deepEqual([told.fields.by.authServer, told.fields.by.administrator], ['shop', '']);
      assert.equal((await by.admin('GET /v1/audit?user=carol')).body.entries.length > 0, true, 'carol stays');
    });

    it('stays sound with the acts of auth servers in it', async () => {
      const { by, client, admin } = await givenHistory();
      await by.shop('POST /v1/audit/erase', { user: 'alice' });
      const verified = await opsClient(client.url, admin)('POST', '/ops/audit/verify');
      assert.deepEqual([verified.status, verified.body.problem], [200, undefined]);
    });

    it('refuses bad filters by name', async () => {
      const { by } = await given();
      for (const [query, field] of [
        ['kind=nonsense', '/kind'],
        ['name=alice', '/name'],
        ['limit=1001', '/limit'],
        ['until=soon', '/until'],
        ['realm=corp', '/realm'],
        ['cursor=AAAA', '/cursor'],
        ['from=1h&until=2h', '/from'],
      ] as const) {
        const reply = await by.shop(`GET /v1/audit?${query}`);
        assert.deepEqual([problemOf(reply), reply.body.errors[0].field], ['400 invalid-request', field], query);
      }
    });
  });

  it('is closed to auth servers without the right', async () => {
    const { by } = await given();
    for (const [call, body] of [
      ['GET /v1/providers'],
      ['POST /v1/providers/poll/check', {}],
      ['POST /v1/policy/explain', {}],
      ['GET /v1/limits?user=alice'],
      ['GET /v1/audit'],
      ['POST /v1/audit/erase', { user: 'alice' }],
    ] as const)
      assert.equal(problemOf(await by.kiosk(call, body)), '403 not-allowed', call);
  });

  describe('Administrators', () => {
    it('manage the push tokens of the realms that policies give them', async () => {
      const { by } = await given({ policies: [permitted({ tokenlist: true, disable: true }, 'guests')] });
      const make = async (user: string, realm: string, as = by.shop) => (await as('POST /v1/tokens', { user, realm })).body.serial;
      const [hers, his] = [await make('alice', 'corp'), await make('carol', 'guests', by.lobby)];
      const { body } = await by.admin('GET /v1/tokens');
      assert.deepEqual(
        body.tokens.map(({ serial }: { serial: string }) => serial),
        [his],
      );
      assert.equal((await by.admin(`POST /v1/tokens/${his}/disable`)).status, 200);
      assert.equal(problemOf(await by.admin(`POST /v1/tokens/${hers}/disable`)), '404 not-found');
      const refused = await by.admin(`DELETE /v1/tokens/${his}`);
      assert.deepEqual([problemOf(refused), /right delete/.test(refused.body.detail)], ['403 not-allowed', true]);
      assert.equal(problemOf(await by.admin('GET /v1/providers')), '403 not-allowed');
      assert.equal(problemOf(await by.admin('GET /v1/audit')), '403 not-allowed');
    });

    it('enrol and are told with their names', async () => {
      const { by, gateway } = await given();
      const { body } = await by.admin('POST /v1/tokens', { user: 'carol', realm: 'guests' });
      await gateway.settled();
      const [told] = (await by.admin(`GET /v1/audit?serial=${body.serial}`)).body.entries;
      assert.deepEqual([told.fields.act, told.fields.by.administrator, told.fields.by.dialect], ['offer', 'admin', 'rest']);
    });

    it('may operate the gateway by no rule for a realm', async () => {
      const { by, phoneOf } = await given({ policies: [permitted({ operate: true, enrollPUSH: true }, 'corp')] });
      const { serial } = await phoneOf('alice');
      for (const call of ['GET /v1/providers', `GET /v1/tokens/${serial}/addresses`, `GET /v1/limits?serial=${serial}`])
        assert.equal(problemOf(await by.admin(call)), '403 not-allowed', call);
    });

    it('may operate it for every push token, since rules for realms are not about the gateway', async () => {
      const { by, phoneOf } = await given({
        policies: [permitted({ operate: false }, 'corp'), permitted({ operate: true, enrollPUSH: true })],
      });
      const { serial } = await phoneOf('alice');
      for (const call of [`GET /v1/tokens/${serial}/addresses`, `GET /v1/limits?serial=${serial}`])
        assert.equal((await by.admin(call)).status, 200, call);
    });

    it('lose their rights when they log out, also from the network of an auth server', async () => {
      const { by, client, admin } = await given();
      assert.equal((await by.admin('GET /v1/tokens')).status, 200);
      assert.equal((await opsClient(client.url, admin)('DELETE', '/ops/auth')).status, 200);
      assert.equal(problemOf(await by.admin('GET /v1/tokens')), '401 not-authenticated');
    });
  });
});
