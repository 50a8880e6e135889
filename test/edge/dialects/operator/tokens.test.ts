import assert from 'node:assert/strict';
import { type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

type Listed = { serial: string; user?: string };

describe('Push tokens, as operators see them', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (policies: GatewayWishes['policies'] = []) => {
    const gateway = await givenGateway(undo, { policies, settings: { sourceFailures: 1000 } });
    return { ...gateway, ops: opsClient(gateway.client.url, gateway.admin) };
  };
  /** The administrator may do this in one realm. */
  const inRealm = (realm: string, ...rights: string[]) => ({
    name: `helpdesk of ${realm}`,
    scope: 'admin',
    match: { realm: [realm] },
    actions: Object.fromEntries(rights.map((right) => [right, true])),
  });
  const serials = (reply: { body: { tokens: Listed[] } }): string[] => reply.body.tokens.map(({ serial }) => serial);

  it('are listed by what is asked, page by page', async () => {
    const { ops, client, admin, phoneOf } = await given();
    const [alice, bob] = [await phoneOf('alice', { serial: 'A1' }), await phoneOf('bob', { serial: 'B1' })];
    await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', realm: 'guests', serial: 'A2' }, admin);
    const all = await ops('GET', '/ops/tokens');
    assert.deepEqual([all.body.count, serials(all)], [3, ['A1', 'A2', 'B1']]);
    assert.deepEqual(all.body.tokens[0], {
      serial: alice.serial,
      type: 'push',
      user: 'alice',
      realm: 'corp',
      rolloutState: 'enrolled',
      enabled: true,
      revoked: false,
      locked: false,
      failures: 0,
    });
    for (const [query, found] of [
      ['user=alice', ['A1']],
      ['user=alice%40guests', ['A2']],
      ['user=AL*&realm=guests', ['A2']],
      ['serial=a*', ['A1', 'A2']],
      ['realm=guests', ['A2']],
      ['rolloutState=offered', ['A2']],
      ['type=edupush', []],
      ['limit=1&offset=2', [bob.serial]],
    ] as const)
      assert.deepEqual(serials(await ops('GET', `/ops/tokens?${query}`)), found, query);
    for (const query of ['usr=alice', 'limit=0', 'limit=1001', 'limit=x', 'rolloutState=lost', 'user=a&user=b'])
      assert.equal((await ops('GET', `/ops/tokens?${query}`)).status, 400, query);
    assert.equal((await ops('GET', '/ops/tokens?realm=nosuch')).status, 404);
  });

  it('are shown without anything secret', async () => {
    const { ops, phoneOf } = await given();
    const { serial } = await phoneOf('alice', {}, 'DEVICE-TOKEN-1');
    const { status, body } = await ops('GET', `/ops/tokens/${serial}`);
    assert.equal(status, 200);
    const { addresses, createdAt, phone, ...rest } = body;
    assert.deepEqual(
      [addresses.map(({ kind }: { kind: string }) => kind), phone.protocol, Date.parse(createdAt) > 0],
      [['fcm'], 'pipush', true],
    );
    assert.deepEqual([rest.hasPin, rest.maxFailures, rest.logins, rest.provider], [true, 10, 0, 'poll only']);
    assert.doesNotMatch(JSON.stringify(body), /DEVICE-TOKEN|pinHash|[Kk]ey|digest|credential/);
    assert.equal((await ops('GET', '/ops/tokens/NOSUCH')).status, 404);
  });

  it('are disabled, enabled, reset, unassigned, assigned, given a PIN and deleted, and each act is told', async () => {
    const { ops, client, phoneOf, gateway, logged } = await given();
    const { serial } = await phoneOf('alice');
    const at = `/ops/tokens/${serial}`;
    const starts = async (user: string, pass: string): Promise<boolean> =>
      (await client.post('/validate/check', { user, pass })).body.result.authentication === 'CHALLENGE';
    assert.deepEqual((await ops('POST', `${at}/disable`)).body, { serial, disabled: true });
    assert.equal(await starts('alice', '1234'), false);
    assert.deepEqual((await ops('POST', `${at}/enable`)).body, { serial, enabled: true });
    assert.deepEqual((await ops('PUT', `${at}/pin`, { pin: 'new pin' })).body, { serial, pinSet: true });
    assert.deepEqual([await starts('alice', '1234'), await starts('alice', 'new pin')], [false, true]);
    assert.deepEqual((await ops('POST', `${at}/reset`)).body, { serial, reset: true });
    const taken = await ops('POST', `${at}/assign`, { user: 'bob' });
    assert.deepEqual([taken.status, taken.body.error.message], [409, `The push token ${serial} belongs to alice. Unassign it first.`]);
    assert.deepEqual((await ops('POST', `${at}/unassign`)).body, { serial, unassigned: true });
    assert.equal((await ops('POST', `${at}/unassign`)).status, 409);
    const assigned = await ops('POST', `${at}/assign`, { user: 'bob@guests', pin: '9876' });
    assert.deepEqual(assigned.body, { serial, user: 'bob', realm: 'guests', assigned: true });
    assert.equal(await starts('bob@guests', '9876'), true);
    assert.deepEqual((await ops('DELETE', at)).body, { serial, deleted: true });
    assert.equal((await ops('DELETE', at)).status, 404);
    await gateway.settled();
    const acts = logged
      .filter(({ event }) => event === 'token-administered')
      .map(({ act, by }) => [act, by instanceof Object && 'administrator' in by ? by.administrator : undefined]);
    assert.deepEqual(
      acts.slice(1),
      ['disable', 'enable', 'set-pin', 'reset', 'unassign', 'assign', 'delete'].map((act) => [act, 'admin']),
    );
    assert.doesNotMatch(JSON.stringify(logged), /new pin|9876/);
  });

  it('give bad wishes a clear answer, and change nothing', async () => {
    const { ops, client, admin } = await given();
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1' }, admin);
    const at = `/ops/tokens/${body.detail.serial}`;
    const before = (await ops('GET', at)).body;
    for (const [method, path, wish, status] of [
      ['POST', `${at}/enable`, undefined, 409],
      ['PUT', `${at}/pin`, {}, 400],
      ['PUT', `${at}/pin`, { pin: 'x'.repeat(1000) }, 400],
      ['PUT', `${at}/pin`, { pin: 1234 }, 400],
      ['POST', `${at}/assign`, {}, 400],
      ['POST', `${at}/assign`, { user: 'alice', realm: 'nosuch' }, 404],
      ['POST', `${at}/assign`, { user: 'alice', resolver: 'nosuch' }, 404],
      ['POST', '/ops/tokens/NOSUCH/assign', { user: 'alice' }, 404],
      ['POST', '/ops/tokens/NOSUCH/reset', undefined, 404],
    ] as const)
      assert.equal((await ops(method, path, wish)).status, status, `${method} ${path} ${JSON.stringify(wish)}`);
    assert.deepEqual((await ops('GET', at)).body, before);
  });

  it('need the right of the act, in their realm, and no right to operate', async () => {
    const rules = [inRealm('corp', 'tokenlist', 'setpin', 'enrollPUSH'), inRealm('guests', 'enrollPUSH', 'delete')];
    const { ops, client, admin } = await given(rules);
    const make = (serial: string, realm: string) =>
      client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', realm, serial }, admin);
    for (const [serial, realm] of [
      ['C1', 'corp'],
      ['G1', 'guests'],
    ] as const)
      assert.equal((await make(serial, realm)).status, 200);
    assert.deepEqual(serials(await ops('GET', '/ops/tokens')), ['C1']);
    for (const [method, path, wish, status] of [
      ['GET', '/ops/tokens/C1', undefined, 200],
      ['GET', '/ops/tokens/G1', undefined, 404],
      ['PUT', '/ops/tokens/C1/pin', { pin: '1' }, 200],
      ['PUT', '/ops/tokens/G1/pin', { pin: '1' }, 403],
      ['DELETE', '/ops/tokens/C1', undefined, 403],
      ['POST', '/ops/tokens/C1/disable', undefined, 403],
      ['POST', '/ops/tokens/C1/assign', { user: 'bob' }, 403],
      ['GET', '/ops/tokens/C1/addresses', undefined, 403],
      ['DELETE', '/ops/tokens/G1', undefined, 200],
    ] as const)
      assert.equal((await ops(method, path, wish)).status, status, `${method} ${path}`);
    assert.equal((await ops('GET', '/ops/tokens', undefined, {})).status, 401);
  });
});
