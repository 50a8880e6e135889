import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { runCommand } from '../../../src/cli/index.ts';
import { minutes } from '../../kit/clock.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';

const vpnKey = 'vpn-key-0123456789abcdef01234567';
const webKey = 'web-key-0123456789abcdef01234567';
const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

const servers = {
  authServers: [
    { name: 'here', networks: ['127.0.0.0/8'], mounts: ['/'] },
    { name: 'vpn', networks: ['10.9.9.9/32'], mounts: ['/'], apiKeys: [{ $env: 'VPN_KEY' }] },
    { name: 'web', mounts: ['/'], apiKeys: [{ $env: 'WEB_HASH' }], rights: ['check'] },
  ],
};
const environment = { VPN_KEY: vpnKey, WEB_HASH: sha256(webKey) };

/** A gateway with three auth servers, and a user whose phone is enrolled. */
async function given(undo: ReturnType<typeof cleanup>, { more = {}, ...wishes }: GatewayWishes = {}) {
  const gateway = await givenGateway(undo, { environment, ...wishes, more: { ...servers, ...more } });
  const phone = await gateway.phoneOf('alice');
  const check = (headers: Record<string, string> = {}, more: Record<string, string> = { pass: '1234' }) =>
    gateway.client.post('/validate/check', { user: 'alice', ...more }, headers);
  return { ...gateway, phone, check };
}

describe('Auth servers with a credential', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are known by their API key, in either header, plain or by its hash in the configuration', async () => {
    const { client, check } = await given(undo);
    for (const headers of [{ 'x-api-key': vpnKey }, { authorization: `Bearer ${vpnKey}` }, { authorization: webKey }]) {
      const { body } = await check(headers);
      assert.equal(body.result.authentication, 'CHALLENGE', JSON.stringify(headers));
    }
    // and what one of them started the others cannot finish
    const started = await check({ 'x-api-key': vpnKey });
    const { transaction_id } = started.body.detail;
    assert.equal((await check({ 'x-api-key': webKey }, { pass: '', transaction_id })).body.detail.message, 'wrong otp pin');
    assert.equal((await check({}, { pass: '', transaction_id })).body.detail.message, 'wrong otp pin');
    const own = await check({ 'x-api-key': vpnKey }, { pass: '', transaction_id });
    assert.equal(own.body.detail.message, 'Response did not match the challenge.');
    assert.equal((await client.get('/validate/polltransaction', { transaction_id })).status, 200);
  });

  it('are refused with a wrong key, whatever their network, and the key is not logged', async () => {
    const { check, logged } = await given(undo);
    for (const headers of [
      { 'x-api-key': 'guessed-key' },
      { authorization: 'Bearer guessed-key' },
      { authorization: 'Bearer a.b.guessed-key' },
    ]) {
      const { status, body } = await check(headers);
      assert.deepEqual([status, body.result.error?.code], [401, 4304], JSON.stringify(headers));
    }
    assert.equal(
      (await check({ authorization: 'Basic Zm9vOmJhcg==' })).body.result.authentication,
      'CHALLENGE',
      'what a proxy added is none of ours',
    );
    assert.doesNotMatch(JSON.stringify(logged), /guessed-key/);
  });

  it('are limited after many wrong keys from one address, but never with a right one', async () => {
    const { check, clock } = await given(undo, { settings: { sourceFailures: 3 } });
    for (let time = 0; time < 3; time += 1) assert.equal((await check({ 'x-api-key': 'wrong' })).status, 401);
    const { status, headers, body } = await check({ 'x-api-key': 'wrong' });
    assert.deepEqual([status, headers.get('retry-after'), body.result.error?.code], [429, '600', 10]);
    assert.equal((await check()).body.result.authentication, 'CHALLENGE', 'known by network');
    assert.equal((await check({ 'x-api-key': vpnKey })).body.result.authentication, 'CHALLENGE');
    clock.advance(minutes(11));
    assert.equal((await check({ 'x-api-key': 'wrong' })).status, 401);
  });

  it('may use an API key from the command line, until it expires', async () => {
    const { check, folder, clock } = await given(undo, {
      policies: [{ name: 'keys only', scope: 'authorization', actions: { api_key_required: true } }],
    });
    const told: string[] = [];
    const terminal = {
      out: (line: string) => void told.push(line),
      err: (line: string) => void told.push(line),
      environment,
      stopRequested: () => Promise.resolve(),
      onReloadRequested: () => () => {},
    };
    const config = ['--config', join(folder, 'config.json')];
    const made = await runCommand(['callers', 'api-key', 'box-1', '--auth-server', 'vpn', '--days', '1', ...config], terminal);
    const [token = ''] = told;
    assert.equal(made, 0, told.join('\n'));
    assert.match(token, /^[A-Za-z0-9]+\.[A-Za-z0-9]+\.[\w-]+$/, 'claims need no base64url');
    for (const headers of [{ authorization: token }, { 'pi-authorization': token }, { authorization: `Bearer ${token}` }])
      assert.equal((await check(headers)).body.result.authentication, 'CHALLENGE');
    assert.doesNotMatch(readFileSync(join(folder, 'config.json'), 'utf8'), /eyJ/);
    clock.advance(minutes(25 * 60));
    assert.equal((await check({ authorization: token })).body.result.error?.code, 4305);
    const unknown = await runCommand(['callers', 'api-key', 'box-1', '--auth-server', 'nobody', ...config], terminal);
    assert.equal(unknown, 2);
    assert.match(told.at(-1) ?? '', /no auth server "nobody"; the configuration has: here, vpn, web/);
  });

  it('need an API key where policies say so: the network is not enough then, nor an administrator', async () => {
    const { check, client, admin } = await given(undo, {
      policies: [{ name: 'keys', scope: 'authorization', match: { authServer: ['here', 'vpn'] }, actions: { api_key_required: true } }],
    });
    for (const headers of [{}, admin]) {
      const { status, body } = await check(headers);
      assert.deepEqual([status, body.result.error], [403, { code: 303, message: 'No valid API key was passed.' }]);
    }
    assert.equal((await fetch(`${client.url}/validate/radiuscheck?user=alice&pass=1234`)).status, 400);
    assert.equal((await check({ 'x-api-key': vpnKey })).body.result.authentication, 'CHALLENGE');
  });

  it('do not become administrators by it', async () => {
    const { client } = await given(undo);
    const { body } = await client.get('/token/', {}, { authorization: vpnKey });
    assert.equal(body.result.error?.code, 4304);
  });
});

describe('JWTs of an issuer that the configuration trusts', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const trustedJwts = [
    {
      publicKey: { $env: 'EC_KEY' },
      algorithm: 'ES256',
      role: 'admin',
      realm: 'guests',
      resolver: 'ad',
      username: 'admin\\d|boss',
      authServer: 'vpn',
    },
    { publicKey: { $env: 'RSA_KEY' }, algorithm: 'PS256', role: 'validate', username: 'box-.*', authServer: 'vpn' },
  ];
  const keys = { ...environment, EC_KEY: pem(ec.publicKey), RSA_KEY: pem(rsa.publicKey) };
  const trusting = (wishes: GatewayWishes = {}) => given(undo, { ...wishes, environment: keys, more: { trustedJwts } });
  const admin = { role: 'admin', realm: 'guests', resolver: 'ad', username: 'admin1' };
  const box = { role: 'validate', realm: '', username: 'box-1' };
  const token = ({ clock }: Pick<GivenGateway, 'clock'>, claims: object, alg = 'ES256', key: KeyObject | Uint8Array = ec.privateKey) =>
    new SignJWT({ exp: Math.floor(clock() / 1000) + 600, ...claims }).setProtectedHeader({ alg }).sign(key);

  it('are accepted for an administrator, with the rights that policies give that name and realm', async () => {
    const gateway = await trusting({
      policies: [
        {
          name: 'the guests trigger',
          scope: 'admin',
          match: { user: ['admin1'], adminRealm: ['guests'] },
          actions: { triggerchallenge: true },
        },
        { name: 'the first one does all', scope: 'admin', match: { user: ['admin'] }, actions: { enrollPUSH: true } },
      ],
    });
    const headers = { authorization: await token(gateway, admin) };
    const started = await gateway.client.post('/validate/triggerchallenge', { user: 'alice' }, headers);
    assert.equal(started.body.result.value, 1, started.text);
    assert.equal((await gateway.client.get('/token/', {}, headers)).body.result.error?.code, 303);
    // and the login is that of the auth server it acts for
    const { transaction_id } = started.body.detail;
    const finish = { pass: '', transaction_id };
    assert.equal((await gateway.check({}, finish)).body.detail.message, 'wrong otp pin');
    assert.equal((await gateway.check({ 'x-api-key': vpnKey }, finish)).body.detail.message, 'Response did not match the challenge.');
  });

  it('have a realm that the rules check, whatever the dialect', async () => {
    const mounts = [
      { path: '/', serves: 'privacyidea' },
      { path: '/linotp', serves: 'linotp' },
      { path: '/', serves: 'ops' },
    ];
    const gateway = await trusting({
      mounts,
      policies: [
        { name: 'guests look', scope: 'admin', match: { adminRealm: ['guests'] }, actions: { tokenlist: true, operate: true } },
        { name: 'the first one enrols', scope: 'admin', match: { user: ['admin'] }, actions: { enrollPUSH: true } },
      ],
    });
    const guest = { authorization: await token(gateway, admin) };
    const statusOf = async (path: string, headers: Record<string, string>): Promise<string> => {
      const text = await (await fetch(`${gateway.client.url}${path}`, { headers })).text();
      return /"code": ?(303|410)|No policy allows/.test(text) ? 'refused' : 'done';
    };
    for (const path of ['/token/', '/linotp/admin/show', '/ops/providers'])
      assert.deepEqual([await statusOf(path, guest), await statusOf(path, gateway.admin)], ['done', 'refused'], path);
  });

  it('are accepted as API keys where their role is validate', async () => {
    const gateway = await trusting({ policies: [{ name: 'keys', scope: 'authorization', actions: { api_key_required: true } }] });
    const authorization = await token(gateway, box, 'PS256', rsa.privateKey);
    assert.equal((await gateway.check({ authorization })).body.result.authentication, 'CHALLENGE');
    assert.equal((await gateway.client.get('/token/', {}, { authorization })).body.result.error?.code, 4306);
  });

  it('are refused when one claim does not match the configuration', async () => {
    const gateway = await trusting();
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ ...admin, exp: 9_999_999_999 })).toString('base64url')}.`;
    const bad: Record<string, string> = {
      'another key': await token(gateway, admin, 'ES256', stranger.privateKey),
      'alg none': none,
      'the public key as a shared secret': await token(gateway, admin, 'HS256', Buffer.from(pem(ec.publicKey))),
      'another algorithm of the right key': await token(gateway, box, 'RS256', rsa.privateKey),
      'the role of another entry': await token(gateway, { ...admin, role: 'validate' }),
      'role user': await token(gateway, { ...admin, role: 'user' }),
      'another realm': await token(gateway, { ...admin, realm: 'Guests' }),
      'no resolver': await token(gateway, { ...admin, resolver: undefined }),
      'a name that only begins like it': await token(gateway, { ...admin, username: 'admin1x' }),
      'a name that only ends like it': await token(gateway, { ...admin, username: 'the boss' }),
      'no end': await token(gateway, { ...admin, exp: undefined }),
    };
    for (const [what, authorization] of Object.entries(bad)) {
      const { status, body } = await gateway.client.get('/token/', {}, { authorization });
      assert.deepEqual([status, body.result.error?.code], [401, 4304], what);
    }
    const right = await token(gateway, admin);
    assert.equal((await gateway.client.get('/token/', {}, { authorization: right })).status, 200);
    gateway.clock.advance(minutes(11));
    assert.equal((await gateway.client.get('/token/', {}, { authorization: right })).body.result.error?.code, 4305);
  });

  describe('may be restricted by issuer, audience and lifetime', () => {
    const day = 86_400;
    const named = { issuer: 'https://portal.example', audience: 'pushgate', maxLifeDays: 30 };
    const fitting = { iss: named.issuer, aud: ['others', named.audience] };
    const now = Math.floor(Date.now() / 1000);
    const cases: { title: string; entry: object; claims: object; taken: boolean }[] = [
      { title: 'all as it should be', entry: named, claims: { ...fitting, iat: now, exp: now + 30 * day }, taken: true },
      { title: 'another issuer', entry: named, claims: { ...fitting, iss: 'https://portal.example/', iat: now }, taken: false },
      { title: 'no issuer', entry: named, claims: { aud: named.audience, iat: now }, taken: false },
      { title: 'another audience', entry: named, claims: { ...fitting, aud: 'others', iat: now }, taken: false },
      { title: 'no audience', entry: named, claims: { iss: named.issuer, iat: now }, taken: false },
      { title: 'too long a life', entry: named, claims: { ...fitting, iat: now, exp: now + 30 * day + 1 }, taken: false },
      {
        title: 'a long life, most of which is over',
        entry: named,
        claims: { ...fitting, iat: now - 300 * day, exp: now + day },
        taken: false,
      },
      { title: 'a life of unknown length', entry: named, claims: fitting, taken: false },
      { title: 'a beginning in the future', entry: named, claims: { ...fitting, iat: now + day, exp: now + 2 * day }, taken: false },
      { title: 'a clock that is a minute fast', entry: named, claims: { ...fitting, iat: now + 60, exp: now + day }, taken: true },
      { title: 'an end in nine years where no life is named', entry: {}, claims: { exp: now + 9 * 365 * day }, taken: true },
      { title: 'an end in more than ten years', entry: {}, claims: { exp: now + 3651 * day }, taken: false },
      { title: 'an end in milliseconds', entry: {}, claims: { exp: now * 1000 }, taken: false },
    ];
    for (const { title, entry, claims, taken } of cases)
      it(`${title}: ${taken ? 'taken' : 'refused'}`, async () => {
        const gateway = await given(undo, { environment: keys, more: { trustedJwts: [{ ...trustedJwts[0], ...entry }] } });
        const authorization = await token(gateway, { ...admin, ...claims });
        const { status, body } = await gateway.client.get('/token/', {}, { authorization });
        assert.deepEqual([status, body.result.error?.code], taken ? [200, undefined] : [401, 4304]);
      });
  });

  it('with a name longer than any user has are refused, whatever the expression for names says', async () => {
    // given an issuer whose boxes may have any name
    const gateway = await trusting();
    const long = await token(gateway, { ...box, username: `box-${'x'.repeat(253)}` }, 'PS256', rsa.privateKey);
    const { status, body } = await gateway.check({ authorization: long });
    assert.deepEqual(
      [status, body.result.error],
      [400, { code: 905, message: 'ERR905: The username of the token has more than 256 characters.' }],
    );
    const fits = await token(gateway, { ...box, username: `box-${'x'.repeat(252)}` }, 'PS256', rsa.privateKey);
    assert.equal((await gateway.check({ authorization: fits })).body.result.authentication, 'CHALLENGE');
  });

  it('of an administrator whose name an auth server lists do not act for it: another realm is another person', async () => {
    const { authServers } = servers;
    const gateway = await given(undo, {
      environment: keys,
      more: {
        trustedJwts: [{ ...trustedJwts[0], authServer: undefined }],
        authServers: [
          ...authServers.slice(1),
          { name: 'acting', networks: ['127.0.0.0/8'], mounts: ['/'], accounts: [] },
          { name: 'listed', mounts: ['/'], accounts: ['boss'] },
        ],
      },
    });
    const headers = { authorization: await token(gateway, { ...admin, username: 'boss' }) };
    const { body } = await gateway.client.post('/validate/triggerchallenge', { user: 'alice' }, headers);
    const finish = await gateway.check({}, { pass: '', transaction_id: body.detail.transaction_id });
    assert.equal(finish.body.detail.message, 'Response did not match the challenge.', 'it belongs to the server of the network');
  });
});
