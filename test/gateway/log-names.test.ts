import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rotatedKeyring } from '../../src/foundation/keyring/index.ts';
import { record } from '../../src/foundation/model/index.ts';
import { givenPeople, rule } from '../edge/dialects/privacyidea/login/people-kit.ts';
import { type GatewayWishes, givenGateway } from '../kit/gateway.ts';
import { givenLinotpGateway } from '../kit/linotp-gateway.ts';
import { linotpBody } from '../kit/linotp-server.ts';
import { runCli } from '../kit/operator.ts';
import { cleanup } from '../kit/temporary.ts';

/** Nobody else is called so, and nothing. */
const name = 'Quintessa';
const wishes: GatewayWishes = {
  settings: { logNames: 'pseudonyms', sourceFailures: 2 },
  mounts: [
    { path: '/linotp', serves: 'linotp' },
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
    { path: '/', serves: 'challenge-service' },
    { path: '/', serves: 'ops' },
  ],
};
const refused = { user: name, pass: 'wrong' };

describe('A log with pseudonyms', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const commandOf =
    (folder: string) =>
    async (...argv: string[]): Promise<string[]> => {
      const { code, out, err } = await runCli(['log-name', ...argv, '--config', join(folder, 'config.json')]);
      assert.equal(code, 0, err);
      return out.trim().split('\n');
    };

  it('names nobody who logs in or administers, in any dialect, and the operator finds the lines of a user all the same', async () => {
    const gateway = await givenLinotpGateway(undo, wishes);
    const { client, admin, logged, post, postAsAdmin, folder } = gateway;
    // given a user with a phone of privacyIDEA and one of LinOTP
    const phone = await gateway.phoneOf(name);
    const linotp = await gateway.active('quintessa@corp', { pin: '4711' });
    // when she logs in, is refused, declines and asks, at every door
    for (const reason of ['unknown_trigger', 'cancelled']) {
      const { id, nonce } = await gateway.challenge(name, phone);
      await phone.answer(nonce, { decline: true, reason });
      await client.post('/validate/check', { user: name, pass: '', transaction_id: id });
    }
    const { id, nonce } = await gateway.challenge(name, phone);
    await phone.answer(nonce);
    assert.equal((await client.post('/validate/check', { user: name, pass: '', transaction_id: id })).body.result.authentication, 'ACCEPT');
    await client.get('/validate/check', { ...refused, realm: 'corp' });
    await client.get('/validate/check', { ...refused, realm: 'nowhere' });
    await client.post('/validate/samlcheck', refused);
    await client.post('/validate/triggerchallenge', { user: name }, admin);
    await client.post('/edumfa/validate/check', refused);
    const login = { user: 'quintessa', pass: '4711' };
    const asked = await post('/validate/check', { ...login, data: 'x' });
    await linotp.answer('ACCEPT');
    const { transactionid } = asked.json.detail;
    await post('/validate/check_status', { ...login, transactionid });
    await post('/validate/check_status', { ...refused, transactionid });
    await post('/validate/simplecheck', refused);
    await fetch(`${client.url}/linotp/validate/check?user=${name}&pass=wrong`);
    await fetch(`${client.url}/v1/challenge`, {
      method: 'POST',
      body: linotpBody('41234567890123456', `gda-${randomBytes(4).toString('hex')}`, 'x'),
    });
    // and administrators speak of her, or are called so
    await client.post('/auth', { username: name, password: 'wrong' });
    await client.post('/auth', { username: `${name}@corp`, password: 'wrong' });
    await postAsAdmin('/admin/show', { user: name });
    await client.post('/token/disable', { user: name, serial: phone.serial }, admin);
    await client.send(`/token/${phone.serial}`, { method: 'DELETE', headers: admin });
    await fetch(`${client.url}/ops/accounts/${name}`, { method: 'PUT', headers: admin });
    await fetch(`${client.url}/nowhere/${name}?user=${name}`);
    await gateway.gateway.settled();
    // then no line names her
    assert.deepEqual(
      logged.filter((line) => /quintessa/i.test(JSON.stringify(line))),
      [],
    );
    // and the command finds her lines, however a realm and her name are written
    const [pseudonym] = await commandOf(folder)(name);
    assert.match(pseudonym ?? '', /^name-[0-9a-f]{16}$/);
    assert.deepEqual(await commandOf(folder)(`${name}@corp`), [pseudonym]);
    const hers = logged.filter((line) => line.user === pseudonym).map((line) => line.event);
    for (const event of ['login-started', 'login-refused', 'login-finished', 'challenge-answered', 'phone-enrolled', 'token-administered'])
      assert.ok(hers.includes(event), `${event} of ${hers}`);
    // and so of administrators
    const [account] = await commandOf(folder)(name, '--account');
    assert.ok(logged.some((line) => line.event === 'administrator-refused' && line.administrator === account));
    const [root] = await commandOf(folder)('admin', '--account');
    assert.ok(logged.some((line) => line.event === 'token-administered' && record(line.by).administrator === root));
  });

  it('names nobody where passwords of one user are guessed', async () => {
    const gateway = await givenPeople(undo, { ...wishes, policies: [rule('not yet', { passthru: 'userstore' })] });
    gateway.write([{ username: name, password: 'right' }]);
    for (let guess = 0; guess < 2; guess += 1) await gateway.client.post('/validate/check', refused);
    const [limited] = gateway.logged.filter((line) => line.event === 'source-limited');
    const [pseudonym] = await commandOf(gateway.folder)(name);
    assert.deepEqual([limited?.scope, limited?.source, limited?.user, limited?.realm], ['passthru', '127.0.0.1', pseudonym, 'corp']);
    assert.doesNotMatch(JSON.stringify(gateway.logged), /quintessa/i);
  });

  it('has another pseudonym after the keyring was rotated, and the command tells both', async () => {
    const { folder } = await givenGateway(undo, wishes);
    const keyring = join(folder, 'keyring.json');
    const before = await commandOf(folder)(name);
    writeFileSync(keyring, rotatedKeyring(readFileSync(keyring, 'utf8'), Date.now()));
    const after = await commandOf(folder)(name);
    assert.deepEqual([after.length, after[1]], [2, before[0]]);
    assert.notEqual(after[0], before[0]);
  });

  it('tells one user from another as the realm does', async () => {
    const realms = [
      { name: 'corp', default: true },
      { name: 'lab', ignoreCase: true },
    ];
    const { folder } = await givenGateway(undo, { ...wishes, more: { realms } });
    const of = commandOf(folder);
    assert.notDeepEqual(await of('Bob'), await of('bob'));
    assert.deepEqual(await of('Bob', '--realm', 'lab'), await of('bob@lab'));
    assert.notDeepEqual(await of('bob'), await of('bob@lab'));
    const unknown = await runCli(['log-name', 'bob', '--realm', 'nowhere', '--config', join(folder, 'config.json')]);
    assert.deepEqual([unknown.code, unknown.err.includes('there is no realm nowhere; there are corp, lab')], [2, true], unknown.err);
  });
});
