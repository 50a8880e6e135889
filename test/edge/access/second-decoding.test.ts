import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { type GivenGateway, givenGateway } from '../../kit/gateway.ts';
import { signed } from '../../kit/signed-request.ts';
import { cleanup } from '../../kit/temporary.ts';

/** A value that one decoding too many would change. */
const pin = 'a+b%c3&d%41';
const once = `user=alice&pass=${encodeURIComponent(pin)}`;
const twice = `user=alice&pass=${encodeURIComponent(encodeURIComponent(pin))}`;
const key = (name: string): string => `${name}-key-0123456789abcdef01234567`;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('The second decoding of an auth server', function () {
  this.timeout(30_000);
  const undo = cleanup();
  let given: GivenGateway;
  before(async () => {
    const authServers = [
      { name: 'usual', networks: ['127.0.0.0/8'], mounts: ['/'] },
      { name: 'plain', mounts: ['/', '/edumfa'], apiKeys: [{ $env: 'PLAIN' }], accounts: ['admin'], secondDecoding: 'never' },
      { name: 'signs', mounts: ['/'], hmacKeys: [{ id: 'signs-1', secret: { $env: 'SIGNS' } }], secondDecoding: 'never' },
      { name: 'old', mounts: ['/'], apiKeys: [{ $env: 'OLD' }], secondDecoding: 'always' },
    ];
    const trustedJwts = [{ publicKey: { $env: 'RSA' }, algorithm: 'PS256', role: 'validate', username: 'box', authServer: 'plain' }];
    given = await givenGateway(undo, {
      mounts: [
        { path: '/', serves: 'privacyidea' },
        { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
      ],
      environment: {
        PLAIN: key('plain'),
        SIGNS: key('signs'),
        OLD: key('old'),
        RSA: String(rsa.publicKey.export({ type: 'spki', format: 'pem' })),
      },
      more: { authServers, trustedJwts },
    });
    // The administrator's calls are those of the auth server `plain`: encoded once.
    await given.phoneOf('alice', { pin });
  });
  after(() => undo.run());

  type Headers = Record<string, string>;
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const check = (body: string, headers: Headers, path = '/validate/check') =>
    given.client.send(path, { method: 'POST', body, headers: { ...form, ...headers } });
  const jwt = async (): Promise<string> =>
    new SignJWT({ role: 'validate', realm: '', username: ' box ', exp: Math.floor(given.clock() / 1000) + 600 })
      .setProtectedHeader({ alg: 'PS256' })
      .sign(rsa.privateKey);

  const agents = ['curl/8.5.0', 'python-requests/2.31', 'okhttp/4.12', ''];
  const rows: [what: string, headers: (body: string) => Headers | Promise<Headers>, body: string, isRight: boolean][] = [
    ['by its API key, encoded once', () => ({ 'x-api-key': key('plain') }), once, true],
    ['by its API key as a bearer', () => ({ authorization: `Bearer ${key('plain')}` }), once, true],
    ['by a JWT of a trusted issuer, with blanks around its name', async () => ({ authorization: await jwt() }), once, true],
    ['by its signature', (body) => signed({ now: given.clock(), id: 'signs-1', key: key('signs'), body }), once, true],
    ['by its API key, encoded twice', () => ({ 'x-api-key': key('plain') }), twice, false],
    ['by the key of one that always encodes twice', () => ({ 'x-api-key': key('old') }), twice, true],
    ['by its network, without a setting', () => ({}), twice, true],
    ['by its network, without a setting, encoded once', () => ({}), once, false],
  ];
  for (const [what, headers, body, isRight] of rows) {
    it(`depends on the caller, whatever the User-Agent: ${what}`, async () => {
      for (const agent of agents) {
        const { text } = await check(body, { 'user-agent': agent, ...(await headers(body)) });
        assert.equal(/"CHALLENGE"/.test(text), isRight, `${agent}: ${text}`);
      }
    });
  }

  it('always happens with that setting, also for clients that privacyIDEA decodes once', async () => {
    const login = (body: string, headers: Headers) => check(body, { 'user-agent': 'simpleSAMLphp', ...headers });
    assert.match((await login(twice, { 'x-api-key': key('old') })).text, /"CHALLENGE"/);
    assert.match((await login(once, {})).text, /"CHALLENGE"/);
    assert.match((await login(twice, {})).text, /wrong otp pin/);
  });

  it('is the same at a mount of eduMFA', async () => {
    assert.match((await check(once, { 'x-api-key': key('plain') }, '/edumfa/validate/check')).text, /"CHALLENGE"/);
  });

  it('depends on the User-Agent, which gives no rights', async () => {
    const { status, body } = await check(once, { ...signed({ now: given.clock(), id: 'signs-1', key: 'wrong', body: once }) });
    assert.deepEqual([status, body.result.error?.code], [401, 4304]);
  });
});
