import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openEndedTokens } from '../../../src/edge/access/ended-tokens.ts';
import { openAdminTokens } from '../../../src/edge/access/index.ts';
import { ok } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/index.ts';
import { fakeClock, minutes, seconds } from '../../kit/clock.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const mounts = [
  { path: '/', serves: 'privacyidea' },
  { path: '/linotp', serves: 'linotp' },
  { path: '/', serves: 'ops' },
];

describe('An administrator who logs out', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo, { mounts });
    const { client, admin, logged } = gateway;
    const url = gateway.gateway.urls[0] ?? '';
    const second = await client.login('admin', gateway.gateway.firstPassword ?? '');
    const mayList = async (headers: Record<string, string>) => (await client.get('/token/', {}, headers)).status === 200;
    const told = () => logged.filter(({ event }) => event === 'administrator-logged-out').map(({ by }) => Object(by).administrator);
    const linotp = async (headers: Record<string, string>) =>
      (await fetch(`${url}/linotp/admin/logout`, { method: 'POST', headers, body: new URLSearchParams() })).status;
    return { client, url, first: admin, second, mayList, told, linotp };
  };

  it('ends that one token at once, in every dialect, and no other', async () => {
    // given an administrator with two tokens, both in use
    const { client, url, first, second, mayList, told } = await given();
    assert.deepEqual([await mayList(first), await mayList(second)], [true, true]);
    // when one logs out
    const { status, body } = await client.send('/auth', { method: 'DELETE', headers: first });
    // then it is refused everywhere like an expired one, and the other one stays valid
    assert.deepEqual([status, body.result.value, told()], [200, true, ['admin']]);
    const refusedBy = async (path: string) => (await fetch(`${url}${path}`, { headers: first })).text();
    assert.match(await refusedBy('/token/'), /"code":4305/);
    assert.match(await refusedBy('/ops/accounts'), /no-authorization/);
    assert.match(await refusedBy('/linotp/admin/show'), /Please log in/);
    assert.equal(await mayList(second), true);
    // and a second logout, or one without a token, is refused
    assert.equal((await client.send('/auth', { method: 'DELETE', headers: first })).body.result.error?.code, 4305);
    assert.equal((await client.send('/auth', { method: 'DELETE' })).body.result.error?.code, 4033);
    assert.equal(told().length, 1);
  });

  it('can do so by LinOTP as well, with header or cookie, which ends the token of the cookie', async () => {
    const { first, second, mayList, linotp, told } = await given();
    assert.equal(await linotp(first), 200);
    assert.equal(await linotp({ cookie: `access_token_cookie=${second.authorization}` }), 200);
    assert.deepEqual([await mayList(first), await mayList(second), told().length], [false, false, 2]);
    // a browser without a session gets the same reply
    assert.equal(await linotp({}), 200);
    assert.equal(await linotp({ authorization: 'garbage' }), 200);
    assert.equal(told().length, 2);
  });

  it('has effect at another gateway within two seconds, in any spelling of the token', async () => {
    // given two gateways on one store, both of which have just seen the token
    const store = await openEmbeddedStore({ path: join(temporaryFolder(undo), 'pushgate.db'), log: openLog('silent') });
    undo.later(() => store.close());
    const clock = fakeClock(0);
    const [here, there] = [openEndedTokens({ store, clock }), openEndedTokens({ store, clock })];
    const token = 'head.claims.signature';
    assert.deepEqual([await here.isEnded(token), await there.isEnded(token)], [false, false]);
    // when one of them ends it
    await here.end(token, minutes(60));
    // then the first one knows at once, and the other one as soon as its cached copy is two seconds old
    assert.equal(await here.isEnded(token), true);
    clock.advance(seconds(2));
    assert.deepEqual([await there.isEnded(token), await there.isEnded('head.claims.signaturf')], [true, true]);
    assert.equal(await there.isEnded('head.others.signature'), false);
  });
});

describe('A token of an account', () => {
  const cases: { title: string; seal: string | undefined; now: string | undefined; alive: boolean }[] = [
    { title: 'with its seal', seal: 'a', now: 'a', alive: true },
    { title: 'with an old seal', seal: 'a', now: 'b', alive: false },
    { title: 'of an account that is gone or disabled', seal: 'a', now: undefined, alive: false },
    { title: 'without a seal', seal: undefined, now: 'a', alive: false },
    { title: 'without a seal, of an account that is gone', seal: undefined, now: undefined, alive: false },
  ];
  for (const { title, seal, now, alive } of cases)
    it(`${title} is ${alive ? 'taken' : 'refused'}`, async () => {
      const holder = { role: 'admin', name: 'admin', realm: '', rights: [], account: { seal }, until: 1 } as const;
      const tokens = openAdminTokens({
        tokens: { sign: async () => '', read: async () => ok(holder) },
        accounts: { sealOf: async () => now },
        lifeMs: 1,
        store: { countUp: async () => ({ count: 1, endsAt: 1 }), countOf: async () => 0 },
        clock: () => 0,
      });
      const read = await tokens.read('head.claims.signature');
      assert.deepEqual(read.ok ? 'taken' : read.error, alive ? 'taken' : { kind: 'expired' });
    });
});
