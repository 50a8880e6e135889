import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import webPush from 'web-push';
import { type OpenProvider, type Push, Secret } from '../../src/delivery/provider-kit/index.ts';
import { givenHost, givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { fakeClock, minutes } from '../../test/kit/clock.ts';
import { type FarSide, farSide } from '../../test/kit/far-side.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import { webPushReceiver } from '../../test/kit/web-push-receiver.ts';
import webpush from './provider.ts';

const vapidKeys = webPush.generateVAPIDKeys();
const subject = 'mailto:admin@example.com';
const capability = '/push/gAAAAABk-what-nobody-may-know';
const receiver = webPushReceiver();
const push = givenPush({ address: { kind: 'webpush', value: capability, since: 1 } });

const base = { subject, private_key: new Secret(vapidKeys.privateKey), allow_private_targets: true };

const open = (undo: Cleanup, config: Record<string, unknown> = {}, clock = Date.now) => {
  const folder = temporaryFolder(undo);
  writeFileSync(join(folder, 'ca.pem'), selfSigned.cert);
  return webpush.open(
    webpush.config.parse({ ...base, ca: 'ca.pem', ...config }),
    givenHost(webpush, { path: (file) => join(folder, file), clock }),
  );
};

/** The push to the push service: its subscription, with the capability as path. */
const to = (far: Pick<FarSide, 'url'>, over: Partial<Push> = {}, withKeys: object = { keys: receiver.keys }): Push => ({
  ...push,
  address: { kind: 'webpush', value: JSON.stringify({ endpoint: far.url + capability, expirationTime: null, ...withKeys }), since: 1 },
  ...over,
});
const toBareUrl = (url: string): Push => ({ ...push, address: { kind: 'webpush', value: url, since: 1 } });

/** Each server of the conformance tests is the push service of the push. */
const addressed = async (far: FarSide, opened: OpenProvider | Promise<OpenProvider>): Promise<OpenProvider> => {
  const provider = await opened;
  return { ...provider, deliver: (_, signal) => provider.deliver(to(far), signal) };
};

providerConformance('webpush', {
  open: (far, undo) => addressed(far, open(undo)),
  openUntrusting: (far, undo) => addressed(far, open(undo, { ca: undefined })),
  push,
  ok: { status: 201 },
  deadAddress: { status: 410, body: capability },
  ourFault: { status: 400, body: capability },
  throttled: { status: 429 },
  serverFault: { status: 503, body: capability },
});

describe('The provider webpush', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (config: Record<string, unknown> = {}, clock = Date.now) => {
    const far = await farSide(undo);
    const provider = await open(undo, config, clock);
    undo.later(() => provider.close());
    const deliver = (sent: Push) => provider.deliver(sent, AbortSignal.timeout(5000));
    return { far, provider, deliver };
  };

  it('encrypts each push for the phone', async () => {
    const { far, deliver } = await given();
    assert.equal((await deliver(to(far))).kind, 'sent');
    const [request] = far.requests;
    assert.deepEqual([request?.method, request?.path], ['POST', capability]);
    assert.ok(!request?.body.includes(push.handle));
    assert.equal(receiver.read(request?.bytes ?? assert.fail()), push.payload);
  });

  it('sends the headers that the web-push library sends', async () => {
    // given a push that has 90 seconds left
    const clock = fakeClock();
    const { far, deliver } = await given({}, clock);
    await deliver(to(far, { expiresAt: clock() + 90_500 }));
    const ours = far.requests[0]?.headers ?? {};
    // when the library makes a request of it
    const topic = String(ours.topic);
    const theirs = webPush.generateRequestDetails({ endpoint: far.url + capability, keys: receiver.keys }, push.payload, {
      vapidDetails: { subject, ...vapidKeys },
      TTL: 90,
      urgency: 'high',
      topic,
    });
    // then all headers but the signed one are the same
    for (const [name, value] of Object.entries(theirs.headers).filter(([each]) => each !== 'Authorization'))
      assert.equal(ours[name.toLowerCase()], String(value), name);
    assert.match(topic, /^[A-Za-z0-9_-]{32}$/);
    // and the signed one says the same of us
    const [mine, reference] = [ours.authorization, theirs.headers.Authorization].map((header) => readVapid(String(header)));
    assert.deepEqual([mine?.head, mine?.key, mine?.verified], [reference?.head, reference?.key, true]);
    assert.deepEqual([mine?.claims.aud, mine?.claims.sub], [reference?.claims.aud, reference?.claims.sub]);
  });

  it('sends one token to a push service for hours, and a new one before it expires', async () => {
    const clock = fakeClock();
    const { far, deliver } = await given({}, clock);
    const tokens: string[] = [];
    for (const wait of [0, 300, 61]) {
      clock.advance(minutes(wait));
      await deliver(to(far));
      tokens.push(String(far.requests.at(-1)?.headers.authorization));
    }
    assert.equal(tokens[0], tokens[1]);
    assert.notEqual(tokens[1], tokens[2]);
    for (const token of tokens) assert.ok(readVapid(token).claims.exp * 1000 > clock());
  });

  it('gives each challenge a topic of its own, the same one when it is sent again', async () => {
    const { far, deliver } = await given();
    await deliver(to(far));
    await deliver(to(far));
    await deliver(to(far, { handle: 'ANOTHER' }));
    const topics = far.requests.map(({ headers }) => headers.topic);
    assert.equal(topics[0], topics[1]);
    assert.notEqual(topics[0], topics[2]);
    const silent = await given({ topic_header: false });
    await silent.deliver(to(silent.far));
    assert.equal(silent.far.requests[0]?.headers.topic, undefined);
  });

  it('never requests a negative time to live', async () => {
    const { far, deliver } = await given();
    await deliver(to(far, { expiresAt: 1 }));
    assert.equal(far.requests[0]?.headers.ttl, '0');
  });

  const statuses: [number, string, string | undefined][] = [
    [200, 'sent', undefined],
    [202, 'sent', undefined],
    [404, 'rejected', 'dead-address'],
    [401, 'rejected', 'credentials'],
    [403, 'rejected', 'credentials'],
    [413, 'rejected', 'message'],
    [302, 'rejected', 'message'],
    [503, 'unavailable', 'server'],
  ];
  for (const [status, kind, reason] of statuses) {
    it(`reads ${status} as ${reason ?? kind}`, async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', status, headers: { location: `${far.url}/elsewhere` } });
      const outcome = await deliver(to(far));
      assert.deepEqual([outcome.kind, outcome.reason, far.requests.length], [kind, reason, 1]);
    });
  }

  it('declares that each address has a server of its own', () => {
    assert.equal(webpush.serverPerAddress, true);
  });

  describe('given an address that was chosen to reach the internal network', () => {
    const giveInside = async () => {
      const inside = { connections: 0, port: 0 };
      const server = createServer((socket) => {
        inside.connections += 1;
        socket.destroy();
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      undo.later(() => server.close());
      inside.port = (server.address() as AddressInfo).port;
      return inside;
    };
    for (const host of ['localhost', '127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '169.254.169.254', '10.0.0.1', '[fd00::1]']) {
      it(`does not connect to ${host}`, async () => {
        const inside = await giveInside();
        const { deliver } = await given({ allow_private_targets: false });
        const outcome = await deliver(to({ url: `https://${host}:${inside.port}` }));
        assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'message']);
        assert.match('detail' in outcome ? (outcome.detail ?? '') : '', /not on the public internet/);
        assert.equal(inside.connections, 0);
      });
    }
  });

  it('pushes to allowed hosts only, where there is such a list', async () => {
    const { far, deliver } = await given({ allowed_hosts: ['*.push.example.com', 'localhost'] });
    assert.equal((await deliver(to(far))).kind, 'sent');
    for (const url of ['https://push.example.com.evil.invalid', 'https://xpush-example.com', 'https://127.0.0.1:1']) {
      const outcome = await deliver(to({ url }));
      assert.ok(outcome.kind === 'rejected' && outcome.detail?.includes('allowed_hosts'), JSON.stringify(outcome));
    }
  });

  it('pushes without encryption to a bare UnifiedPush URL only where that is allowed', async () => {
    const { far, deliver } = await given();
    assert.equal((await deliver(toBareUrl(far.url + capability))).kind, 'rejected');
    assert.equal((await deliver(to(far, {}, {}))).kind, 'rejected');
    assert.equal(far.requests.length, 0);
    const allowed = await given({ allow_unencrypted: true });
    assert.equal((await allowed.deliver(toBareUrl(allowed.far.url + capability))).kind, 'sent');
    const [request] = allowed.far.requests;
    assert.deepEqual([request?.body, request?.headers['content-encoding']], [push.payload, undefined]);
  });

  const broken: [what: string, address: string][] = [
    ['no subscription', 'fcm-token'],
    ['nothing', ''],
    ['broken JSON', '{"endpoint":'],
    ['no endpoint', '{}'],
    ['plain http', 'http://push.example/1'],
    ['a user and password', 'https://user:password@push.example/1'],
    [
      'a key that is no point of the curve',
      JSON.stringify({ endpoint: 'https://localhost/1', keys: { ...receiver.keys, p256dh: 'B'.repeat(87) } }),
    ],
    ['a secret that is too short', JSON.stringify({ endpoint: 'https://localhost/1', keys: { ...receiver.keys, auth: 'AAAA' } })],
  ];
  for (const [what, address] of broken) {
    it(`refuses an address with ${what}, and marks no address dead`, async () => {
      const { deliver } = await given({ allow_unencrypted: true });
      const outcome = await deliver(toBareUrl(address));
      assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'message']);
    });
  }

  it('refuses a payload that is too long for push services', async () => {
    const { far, deliver } = await given();
    assert.equal((await deliver(to(far, { payload: 'ü'.repeat(1997) }))).kind, 'rejected');
    assert.equal((await deliver(to(far, { payload: 'ü'.repeat(1996) }))).kind, 'sent');
    assert.equal(far.requests.length, 1);
  });

  it('checks its key pair, reports that no server was asked, and returns the public key for subscriptions', async () => {
    const { far, provider } = await given();
    const result = await provider.check(AbortSignal.timeout(1000));
    assert.ok(result.ok && result.detail?.includes(vapidKeys.publicKey) && /no push service was asked/.test(result.detail));
    assert.equal(far.requests.length, 0);
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['a subject that is no contact', { subject: 'admin@example.com' }, /mailto:/],
    ['a private key as text', { private_key: vapidKeys.privateKey }, /\$env/],
    ['an urgency that is none', { urgency: 'at once' }, /urgency/],
    ['an allowed host with a path', { allowed_hosts: ['push.example/x'] }, /expected a host/],
    ['a proxy without a list of hosts', { proxy: 'http://proxy.example:3128', allow_private_targets: false }, /allowed_hosts/],
    ['an unknown key', { private: 'x' }, /private/],
  ];
  for (const [what, config, message] of wrong) {
    it(`is refused ${what}`, () => {
      assert.match(JSON.stringify(webpush.config.safeParse({ ...base, ...config }).error?.issues ?? ''), message);
    });
  }

  it('is refused an invalid key and a missing file, each by its path and without the key', async () => {
    const keys = ['c2hvcnQ', Buffer.alloc(32).toString('base64url'), Buffer.alloc(32, 255).toString('base64url')];
    for (const key of keys) {
      await assert.rejects(
        async () => open(undo, { private_key: new Secret(key), ca: 'gone.pem' }),
        (error: Error) =>
          /private_key: This is not a VAPID/.test(error.message) && /ca: Cannot read/.test(error.message) && !error.message.includes(key),
      );
    }
  });
});

/** Takes `vapid t=…, k=…` apart, and checks the signature by the key in it. */
function readVapid(header: string) {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header) ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  const verified = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  return { head: read(head), claims: read(claims), key, verified };
}
