import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:http2';
import type { FakesOptions } from '../../src/fakes/index.ts';
import { testAuthority } from '../kit/authority.ts';
import { fakeClock, minutes } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Came, givenClient, givenFakes, jwt } from './fakes-kit.ts';

const address = '0f'.repeat(32);
const topic = 'com.example.authenticator';
const id = '0e2f3c9a-2f5e-4b1c-9a8e-1f1f1f1f1f1f';
const payload = JSON.stringify({ aps: { alert: 'Log in?' }, transaction: '1' });
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('The fake of APNs', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async ({ certificate = false, ...options }: Partial<FakesOptions> & { certificate?: boolean } = {}) => {
    const clock = fakeClock();
    const { fakes, exchanges } = await givenFakes(undo, { clock, ...options });
    const post = await givenClient(undo, 2, { certificate });
    const { key, keyId, teamId, productionUrl, sandboxUrl } = fakes.apns;
    type Change = { header?: object; claims?: object; key?: string };
    const token = (change: Change = {}): string =>
      jwt(
        change.key ?? key,
        { alg: 'ES256', kid: keyId, ...change.header },
        { iss: teamId, iat: Math.floor(clock() / 1000), ...change.claims },
      );
    const bearer = token();
    type Push = { headers?: Record<string, string | undefined>; body?: string; device?: string; sandbox?: boolean; method?: 'GET' };
    const push = async ({ headers = {}, body = payload, device = address, sandbox = false, ...rest }: Push = {}): Promise<Reply> => {
      const all = {
        'apns-topic': topic,
        'apns-push-type': 'alert',
        ...(!certificate && { authorization: `bearer ${bearer}` }),
        ...headers,
      };
      const sent = Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
      return read(await post({ url: `${sandbox ? sandboxUrl : productionUrl}/3/device/${device}`, headers: sent, body, ...rest }));
    };
    return { fakes, exchanges, clock, token, push, post };
  };

  it('accepts a notification, gives it an id, and records it', async () => {
    const { fakes, clock, push } = await given();
    const { status, headers, body } = await push({ headers: { 'apns-expiration': '0', 'apns-collapse-id': 'x'.repeat(64) } });
    assert.deepEqual([status, body], [200, {}]);
    assert.match(headers['apns-id'] ?? '', /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    assert.deepEqual(fakes.deliveries, [
      {
        fake: 'apns',
        at: clock(),
        url: fakes.apns.productionUrl,
        address,
        id: headers['apns-id'],
        headers: { 'apns-topic': topic, 'apns-push-type': 'alert', 'apns-expiration': '0', 'apns-collapse-id': 'x'.repeat(64) },
        payload: JSON.parse(payload),
      },
    ]);
  });

  it('echoes the given id, with good replies and with refusals', async () => {
    const { push } = await given();
    const good = await push({ headers: { 'apns-id': id } });
    const bad = await push({ headers: { 'apns-id': id, 'apns-priority': '7' } });
    assert.deepEqual([good.headers['apns-id'], bad.headers['apns-id'], bad.status], [id, id, 400]);
  });

  it('returns a unique id in the sandbox only', async () => {
    const { push } = await given();
    const [production, sandbox] = [await push(), await push({ sandbox: true })];
    assert.equal(production.headers['apns-unique-id'], undefined);
    assert.match(sandbox.headers['apns-unique-id'] ?? '', /^[0-9a-f-]{36}$/);
  });

  it('speaks HTTP/2 only', async () => {
    const { fakes } = await given();
    const post = await givenClient(undo, 1);
    const reply = await post({ url: `${fakes.apns.productionUrl}/3/device/${address}`, body: payload });
    assert.ok(!('status' in reply) || reply.status === 403, JSON.stringify(reply));
    assert.deepEqual(fakes.deliveries, []);
  });

  const headerRules: [what: string, headers: Record<string, string | undefined>, reason: string][] = [
    ['an apns-id that is no UUID', { 'apns-id': '1' }, 'BadMessageId'],
    ['an expiration that is no time', { 'apns-expiration': 'soon' }, 'BadExpirationDate'],
    ['an expiration before all time', { 'apns-expiration': '-1' }, 'BadExpirationDate'],
    ['a collapse id of 65 bytes', { 'apns-collapse-id': 'x'.repeat(65) }, 'BadCollapseId'],
    ['no push type', { 'apns-push-type': undefined }, 'InvalidPushType'],
    ['a push type that is none', { 'apns-push-type': 'loud' }, 'InvalidPushType'],
    ['a priority that is none', { 'apns-priority': '7' }, 'BadPriority'],
    ['a background push at once', { 'apns-push-type': 'background', 'apns-priority': '10' }, 'BadPriority'],
    ['a background push that leaves the priority to us', { 'apns-push-type': 'background' }, 'BadPriority'],
    ['no topic', { 'apns-topic': undefined }, 'MissingTopic'],
    ['a topic that is none', { 'apns-topic': 'com example' }, 'BadTopic'],
    ['a topic of another team', { 'apns-topic': 'com.other' }, 'TopicDisallowed'],
    ['a voip push to the bare bundle id', { 'apns-push-type': 'voip' }, 'TopicDisallowed'],
  ];
  for (const [what, headers, reason] of headerRules) {
    it(`refuses ${what} with ${reason}`, async () => {
      const { fakes, push } = await given();
      const { status, body } = await push({ headers });
      assert.deepEqual([status, body, fakes.deliveries.length], [400, { reason }, 0]);
    });
  }

  it('accepts background pushes at priority 5, and the topics of each push type', async () => {
    const { push } = await given();
    const background = await push({ headers: { 'apns-push-type': 'background', 'apns-priority': '5' } });
    const voip = await push({ headers: { 'apns-push-type': 'voip', 'apns-topic': `${topic}.voip` } });
    assert.deepEqual([background.status, voip.status], [200, 200]);
  });

  it('refuses a header that comes twice', async () => {
    const { fakes, token } = await given();
    const session = connect(fakes.apns.productionUrl, { ca: fakes.ca });
    undo.later(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': `/3/device/${address}`,
      authorization: `bearer ${token()}`,
      'apns-push-type': 'alert',
      'apns-topic': [topic, topic],
    });
    stream.end(payload);
    assert.deepEqual(JSON.parse((await stream.setEncoding('utf8').toArray()).join('')), { reason: 'DuplicateHeaders' });
  });

  const size = (bytes: number): string => JSON.stringify({ aps: '' }).replace('""', `"${'x'.repeat(bytes - 10)}"`);

  it('accepts up to 4096 bytes, for voip 5120, and not one more', async () => {
    const { push } = await given();
    const voip = { 'apns-push-type': 'voip', 'apns-topic': `${topic}.voip` };
    const replies = [
      await push({ body: size(4096) }),
      await push({ body: size(4097) }),
      await push({ body: size(5120), headers: voip }),
      await push({ body: size(5121), headers: voip }),
    ];
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 413, 200, 413],
    );
    assert.deepEqual(replies[1]?.body, { reason: 'PayloadTooLarge' });
  });

  it('refuses a payload without content', async () => {
    const { push } = await given();
    for (const body of ['', '{}', '[]', '{"aps":']) {
      const reply = await push({ body });
      assert.deepEqual([reply.status, reply.body], [400, { reason: 'PayloadEmpty' }], body);
    }
  });

  it('refuses addresses that are malformed, missing, or of the other environment', async () => {
    const sandboxAddress = 'AB'.repeat(32);
    const { push } = await given({ devices: [{ address: sandboxAddress, environment: 'sandbox' }] });
    for (const device of ['0f'.repeat(31), 'xy'.repeat(32), '00'.repeat(32), sandboxAddress, sandboxAddress.toLowerCase()]) {
      const { status, body } = await push({ device });
      assert.deepEqual([status, body], [400, { reason: 'BadDeviceToken' }], device);
    }
    assert.equal((await push({ device: sandboxAddress, sandbox: true })).status, 200);
    assert.deepEqual((await push({ device: '' })).body, { reason: 'MissingDeviceToken' });
  });

  it('replies 410 with a timestamp for an uninstalled app', async () => {
    const { push } = await given({ devices: [{ address, unregisteredSince: 1_700_000_000_000 }] });
    const { status, body } = await push();
    assert.deepEqual([status, body], [410, { reason: 'Unregistered', timestamp: 1_700_000_000_000 }]);
  });

  it('replies DeviceTokenNotForTopic for the address of another app', async () => {
    const { push } = await given({ devices: [{ address, topics: ['com.example.other'] }] });
    assert.deepEqual((await push()).body, { reason: 'DeviceTokenNotForTopic' });
  });

  it('knows one path and one method', async () => {
    const { fakes, push, post } = await given();
    const path = read(await post({ url: `${fakes.apns.productionUrl}/2/device/${address}`, body: payload }));
    const method = await push({ method: 'GET' });
    assert.deepEqual(
      [path.status, path.body, method.status, method.body],
      [404, { reason: 'BadPath' }, 405, { reason: 'MethodNotAllowed' }],
    );
  });

  describe('requires a provider token, and', () => {
    const now = Math.floor(fakeClock()() / 1000);
    const wrong: [what: string, change: { header?: object; claims?: object; key?: string }][] = [
      ['of another key id', { header: { kid: 'OTHERKEY01' } }],
      ['of another team', { claims: { iss: 'OTHERTEAM1' } }],
      ['signed by another key', { key: otherKey }],
      ['of another algorithm', { header: { alg: 'HS256' } }],
      ['without its time', { claims: { iat: undefined } }],
      ['from the future', { claims: { iat: now + 301 } }],
    ];
    for (const [what, change] of wrong) {
      it(`refuses a token ${what}`, async () => {
        const { push, token } = await given();
        const { status, body } = await push({ headers: { authorization: `bearer ${token(change)}` } });
        assert.deepEqual([status, body], [403, { reason: 'InvalidProviderToken' }]);
      });
    }

    it('distinguishes a missing token from a malformed one', async () => {
      const { push } = await given();
      assert.deepEqual((await push({ headers: { authorization: undefined } })).body, { reason: 'MissingProviderToken' });
      assert.deepEqual((await push({ headers: { authorization: 'bearer a.b' } })).body, { reason: 'InvalidProviderToken' });
    });

    it('accepts a token for 60 minutes', async () => {
      const { push, clock } = await given();
      clock.advance(minutes(60));
      assert.equal((await push()).status, 200);
      clock.advance(1);
      const { status, body } = await push();
      assert.deepEqual([status, body], [403, { reason: 'ExpiredProviderToken' }]);
    });

    it('accepts a token that was issued 20 minutes after the last one, and keeps accepting the old one', async () => {
      const { push, clock, token } = await given();
      const withToken = (authorization: string) => push({ headers: { authorization: `bearer ${authorization}` } });
      assert.equal((await push()).status, 200);
      clock.advance(minutes(20) - 1);
      const early = await withToken(token());
      assert.deepEqual([early.status, early.body], [429, { reason: 'TooManyProviderTokenUpdates' }]);
      assert.equal((await push()).status, 200);
      clock.advance(1);
      const renewed = token();
      assert.deepEqual([(await withToken(renewed)).status, (await withToken(renewed)).status, (await push()).status], [200, 200, 200]);
    });

    it('counts the renewals of each environment separately', async () => {
      const { push, token } = await given();
      const other = { headers: { authorization: `bearer ${token()}` } };
      assert.deepEqual([(await push()).status, (await push({ ...other, sandbox: true })).status], [200, 200]);
    });

    it('accepts a client certificate instead, whose name is then the topic', async () => {
      const { fakes, push } = await given({ certificate: true });
      const own = await push({ headers: { 'apns-topic': undefined } });
      const other = await push();
      assert.deepEqual([own.status, other.status, other.body], [200, 400, { reason: 'TopicDisallowed' }]);
      assert.equal(fakes.deliveries[0]?.address, address);
    });

    it('replies BadCertificate to a certificate of another authority', async () => {
      const { client } = await testAuthority();
      const { fakes } = await given({ tls: { ...(await testAuthority()).server, ca: (await testAuthority()).server.certificate } });
      const session = connect(fakes.apns.productionUrl, { rejectUnauthorized: false, cert: client.certificate, key: client.key });
      undo.later(() => session.destroy());
      const stream = session.request({ ':method': 'POST', ':path': `/3/device/${address}`, 'apns-push-type': 'alert' });
      stream.end(payload);
      assert.deepEqual(JSON.parse((await stream.setEncoding('utf8').toArray()).join('')), { reason: 'BadCertificate' });
    });
  });

  it('allows a second stream only after a first request that succeeded', async () => {
    const { fakes, token } = await given();
    const session = connect(fakes.apns.productionUrl, { ca: fakes.ca });
    undo.later(() => session.destroy());
    const limit = () =>
      new Promise<number | undefined>((resolve) => session.once('remoteSettings', (settings) => resolve(settings.maxConcurrentStreams)));
    assert.equal(await limit(), 1);
    const after = limit();
    const headers = { authorization: `bearer ${token()}`, 'apns-push-type': 'alert', 'apns-topic': topic };
    session.request({ ':method': 'POST', ':path': `/3/device/${address}`, ...headers }).end(payload);
    assert.equal(await after, 1000);
  });

  it('fails in the words of APNs on request', async () => {
    const { fakes, push, clock } = await given();
    const told: [status: number, reason: string | undefined, body: object][] = [
      [503, undefined, { reason: 'ServiceUnavailable' }],
      [503, 'Shutdown', { reason: 'Shutdown' }],
      [429, undefined, { reason: 'TooManyRequests' }],
      [410, 'ExpiredToken', { reason: 'ExpiredToken', timestamp: clock() }],
    ];
    for (const [status, reason, body] of told) {
      fakes.setFault({ status, ...(reason && { reason }), times: 1, retryAfter: 3 });
      const reply = await push();
      assert.deepEqual([reply.status, reply.body, reply.headers['retry-after']], [status, body, '3']);
    }
    assert.equal((await push()).status, 200);
  });
});

type Reply = { status: number; headers: Record<string, string>; body: Record<string, unknown> };

function read(came: Came): Reply {
  assert.ok('status' in came, JSON.stringify(came));
  return { ...came, body: came.body === '' ? {} : JSON.parse(came.body) };
}
