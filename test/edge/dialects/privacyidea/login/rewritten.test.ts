import assert from 'node:assert/strict';
import { cleanup } from '../../../../kit/temporary.ts';
import { givenPeople, rule } from './people-kit.ts';

describe('A login that policies rewrite', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('belongs to the realm in setrealm, from its first leg to its last', async () => {
    // given a rule that maps users of the guests to those of the company
    const policies = [{ ...rule('as one', { setrealm: 'corp' }, 'authorization'), match: { realm: ['guests'] } }];
    const { client, admin, phoneOf } = await givenPeople(undo, { policies });
    const phone = await phoneOf('alice');
    // when alice logs in as a guest
    const started = await client.post('/validate/check', { user: 'alice@guests', pass: '1234' });
    assert.equal(started.body.detail.serial, phone.serial, JSON.stringify(started.body));
    const [{ nonce }] = (await phone.poll()).body.result.value;
    await phone.answer(nonce);
    const second = { user: 'alice', realm: 'guests', pass: '', transaction_id: started.body.detail.transaction_id };
    // then the alice of the company is accepted, and triggered
    assert.equal((await client.post('/validate/check', second)).body.result.authentication, 'ACCEPT');
    assert.equal((await client.post('/validate/triggerchallenge', { user: 'alice', realm: 'guests' }, admin)).body.result.value, 1);
    const unknown = await client.post('/validate/check', { user: 'mallory@guests', pass: '1234' });
    assert.equal(unknown.body.result.error?.message, 'ERR904: User <mallory@corp> does not exist.');
  });

  it('never belongs to a realm that is forbidden to its auth server', async () => {
    const policies = [rule('as one', { setrealm: 'corp' }, 'authorization')];
    const authServers = [{ name: 'vpn', networks: ['127.0.0.0/8'], mounts: ['/'], realms: ['guests'] }];
    const { client, phoneOf } = await givenPeople(undo, { policies, more: { authServers } });
    await phoneOf('alice');
    const { status, body } = await client.post('/validate/check', { user: 'alice', realm: 'guests', pass: '1234' });
    assert.deepEqual([status, body.result.error?.code], [400, 904]);
  });

  it('has user, pass and realm changed by mangle, in the order of its list', async () => {
    const mangle = ['user/^ACME.(.*)/\\1/', 'user/^(.*)@mail$/\\1/', 'pass/-/', 'realm/^intern$/corp/'];
    const bad = givenPeople(undo, { policies: [rule('read', { mangle })] });
    await assert.rejects(bad, /mangle/);
    const policies = [rule('read', { mangle: mangle.map((each) => (each === 'pass/-/' ? 'pass/-//' : each)) })];
    const { client, phoneOf } = await givenPeople(undo, { policies });
    const phone = await phoneOf('alice');
    const { body } = await client.post('/validate/check', { user: 'ACME\\alice@mail', realm: 'intern', pass: '12-34' });
    assert.equal(body.detail?.serial, phone.serial, JSON.stringify(body));
  });
});
