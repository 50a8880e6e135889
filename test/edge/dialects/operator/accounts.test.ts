import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seconds } from '../../../kit/clock.ts';
import { configText, type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient, type RunCli, runCli } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

const mounts = [
  { path: '/', serves: 'privacyidea' },
  { path: '/linotp', serves: 'linotp' },
  { path: '/', serves: 'ops' },
];

describe('The accounts of a running gateway', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway with the account `admin`, and the commands of its machine. */
  const given = async (wishes: GatewayWishes = {}) => {
    const wanted = { mounts, ...wishes };
    const gateway = await givenGateway(undo, wanted);
    const url = gateway.gateway.urls[0] ?? '';
    writeFileSync(join(gateway.folder, 'config.json'), configText(wanted, new URL(url).host));
    const cli: RunCli = (...argv) => runCli([...argv, '--config', join(gateway.folder, 'config.json')]);
    return { ...gateway, cli, url, ops: opsClient(url, gateway.admin) };
  };
  type Given = Awaited<ReturnType<typeof given>>;

  /** Makes the account `helpdesk` with a password, and logs it in. */
  const givenHelpdesk = async ({ ops, client }: Given) => {
    const made = await ops('PUT', '/ops/accounts/helpdesk', { password: 'correct horse' });
    assert.deepEqual([made.status, made.body], [200, { name: 'helpdesk', made: true, enabled: true }]);
    return client.login('helpdesk', 'correct horse');
  };
  const piLogin = async ({ client }: Given, password: string) => (await client.post('/auth', { username: 'helpdesk', password })).status;
  const linotpLogin = async ({ url }: Given, password: string) =>
    (await fetch(`${url}/linotp/admin/login`, { method: 'POST', body: new URLSearchParams({ username: 'helpdesk', password }) })).status;

  it('are listed without their hashes', async () => {
    const gateway = await given();
    await givenHelpdesk(gateway);
    const { body } = await gateway.ops('GET', '/ops/accounts');
    assert.deepEqual(
      body.accounts.map(({ name, enabled }: { name: string; enabled: boolean }) => [name, enabled]),
      [
        ['admin', true],
        ['helpdesk', true],
      ],
    );
    assert.deepEqual(Object.keys(body.accounts[0]), ['name', 'enabled', 'createdAt']);
  });

  for (const how of ['disable', 'remove'] as const) {
    const takeAway = ({ ops }: Given) =>
      how === 'remove' ? ops('DELETE', '/ops/accounts/helpdesk') : ops('POST', '/ops/accounts/helpdesk/disable');

    it(`can no longer log in after ${how}, neither by /auth nor by LinOTP's call`, async () => {
      const gateway = await given();
      await givenHelpdesk(gateway);
      assert.deepEqual([await piLogin(gateway, 'correct horse'), await linotpLogin(gateway, 'correct horse')], [200, 200]);
      assert.equal((await takeAway(gateway)).status, 200);
      assert.deepEqual([await piLogin(gateway, 'correct horse'), await linotpLogin(gateway, 'correct horse')], [401, 401]);
    });

    it(`have invalid tokens after ${how}, in every dialect`, async () => {
      // given an administrator who is logged in
      const gateway = await given();
      const helpdesk = await givenHelpdesk(gateway);
      const calls = ['/ops/providers', '/token/', '/linotp/admin/show'];
      const answers = () => Promise.all(calls.map(async (path) => (await gateway.ops('GET', path, undefined, helpdesk)).body));
      const [, listed, shown] = await answers();
      assert.deepEqual([listed.result.status, shown.result.status], [true, true]);
      // when the account goes
      await takeAway(gateway);
      // then its token gets the reply to an expired one
      const [ops, tokens, show] = await answers();
      assert.deepEqual(
        [ops.error.code, tokens.result.error.code, show.result.error.message],
        ['no-authorization', 4305, 'Please log in at /admin/login first.'],
      );
    });
  }

  it('can log in when they are enabled again, and their old tokens stay invalid', async () => {
    const gateway = await given();
    const before = await givenHelpdesk(gateway);
    await gateway.ops('POST', '/ops/accounts/helpdesk/disable');
    assert.equal((await gateway.ops('POST', '/ops/accounts/helpdesk/enable')).status, 200);
    assert.equal(await piLogin(gateway, 'correct horse'), 200);
    assert.equal((await gateway.ops('GET', '/ops/accounts', undefined, before)).status, 401);
  });

  it('lose their tokens with their password, and a new account of the same name does not revive them', async () => {
    const gateway = await given();
    const before = await givenHelpdesk(gateway);
    const { status, body } = await gateway.ops('PUT', '/ops/accounts/helpdesk', {});
    assert.deepEqual(
      [status, body.made, await piLogin(gateway, 'correct horse'), await piLogin(gateway, body.password)],
      [200, false, 401, 200],
    );
    assert.equal((await gateway.ops('GET', '/ops/accounts', undefined, before)).status, 401);
    // when it is removed and created again with its first password
    await gateway.ops('DELETE', '/ops/accounts/helpdesk');
    const after = await givenHelpdesk(gateway);
    assert.equal((await gateway.ops('GET', '/ops/accounts', undefined, before)).status, 401);
    assert.equal((await gateway.ops('GET', '/ops/accounts', undefined, after)).status, 200);
  });

  it('stay disabled when they get another password', async () => {
    const gateway = await given();
    await givenHelpdesk(gateway);
    await gateway.ops('POST', '/ops/accounts/helpdesk/disable');
    const { body } = await gateway.ops('PUT', '/ops/accounts/helpdesk', { password: 'another one' });
    assert.deepEqual([body.enabled, await piLogin(gateway, 'another one')], [false, 401]);
  });

  it('include at least one enabled account, even when two are removed at the same time', async () => {
    const gateway = await given();
    await givenHelpdesk(gateway);
    const [one, other] = await Promise.all([
      gateway.ops('DELETE', '/ops/accounts/helpdesk'),
      gateway.ops('POST', '/ops/accounts/admin/disable'),
    ]);
    assert.ok([one.status, other.status].includes(409), `${one.status} ${other.status}`);
    const { out } = await gateway.cli('accounts', 'list');
    assert.match(out, /^\S+ +enabled {2}20/m);
  });

  it('cannot lose the last enabled one, and the error says what to do', async () => {
    const gateway = await given();
    await givenHelpdesk(gateway);
    await gateway.ops('POST', '/ops/accounts/helpdesk/disable');
    for (const [method, path] of [
      ['DELETE', '/ops/accounts/admin'],
      ['POST', '/ops/accounts/admin/disable'],
    ] as const) {
      const { status, body } = await gateway.ops(method, path);
      assert.deepEqual(
        [status, body.error],
        [409, { code: 'conflict', message: 'admin is the last enabled account; enable or make another one first.' }],
      );
    }
    // but the disabled one may be removed
    assert.equal((await gateway.ops('DELETE', '/ops/accounts/helpdesk')).status, 200);
  });

  it('are closed to administrators without the right to operate, where policies give it', async () => {
    const { ops } = await given({ policies: [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }] });
    const replies = await Promise.all([
      ops('GET', '/ops/accounts'),
      ops('PUT', '/ops/accounts/x', {}),
      ops('DELETE', '/ops/accounts/admin'),
      ops('POST', '/ops/accounts/admin/disable'),
      ops('POST', '/ops/accounts/admin/enable'),
    ]);
    assert.deepEqual(
      replies.map(({ status }) => status),
      [403, 403, 403, 403, 403],
    );
  });

  it('are unchanged by bad input, which gets an error of one sentence', async () => {
    const { ops, client, gateway, logged } = await given();
    const before = (await ops('GET', '/ops/accounts')).body;
    const tried: [string, string, unknown, number, RegExp][] = [
      ['PUT', '/ops/accounts/two%20words', {}, 400, /An account name has 1 to 64 letters/],
      ['PUT', '/ops/accounts/new', { password: '' }, 400, /A password has 8 to 256 characters/],
      ['PUT', '/ops/accounts/new', { password: 'x'.repeat(7) }, 400, /8 to 256 characters/],
      ['PUT', '/ops/accounts/new', { password: 'x'.repeat(257) }, 400, /8 to 256 characters/],
      ['PUT', '/ops/accounts/new', { password: 7 }, 400, /password/],
      ['DELETE', '/ops/accounts/nobody', undefined, 404, /There is no account nobody/],
      ['POST', '/ops/accounts/nobody/disable', undefined, 404, /There is no account nobody/],
      ['POST', '/ops/accounts/nobody/enable', undefined, 404, /There is no account nobody/],
    ];
    for (const [method, path, body, status, sentence] of tried) {
      const reply = await ops(method, path, body);
      assert.equal(reply.status, status, path);
      assert.match(reply.body.error.message, sentence);
    }
    assert.deepEqual((await ops('GET', '/ops/accounts')).body, before);
    // and the log has each act and its administrator, without a password
    await ops('PUT', '/ops/accounts/new', { password: 'correct horse' });
    assert.equal((await client.post('/auth', { username: 'new', password: 'wrong horse' })).status, 401);
    await gateway.settled();
    const told = logged.filter(({ event, account }) => event === 'account-administered' && account === 'new');
    assert.deepEqual(
      told.map(({ act, level, by }) => [act, level, JSON.stringify(by).includes('"administrator":"admin"')]),
      [['make', 'warn', true]],
    );
    assert.doesNotMatch(JSON.stringify(logged), /horse/);
  });

  it('accept the tokens of a machine with the keyring, whatever the names of its accounts', async () => {
    const { ops, cli, clock } = await given();
    assert.equal((await cli('providers', 'list')).code, 0);
    await ops('PUT', '/ops/accounts/cli', {});
    await ops('POST', '/ops/accounts/cli/disable');
    clock.advance(seconds(2));
    assert.equal((await cli('providers', 'list')).code, 0);
  });
});
