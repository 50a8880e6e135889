import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Push, Secret } from '../../src/delivery/provider-kit/index.ts';
import { givenHost, givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { fakeClock, minutes } from '../../test/kit/clock.ts';
import { farSide } from '../../test/kit/far-side.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import webhook from './provider.ts';

const key = 'a key that both sides know, of 32 characters or more';
const base = { url: 'https://push.example/', signing_key: new Secret(key) };
const address = { kind: 'fcm', value: 'eXampl3:token', since: 1 } as const;
const push = givenPush({
  address,
  addresses: [address, { kind: 'gda', value: 'DEADBEEF', since: 1 }],
  expiresAt: Date.UTC(2026, 2, 1, 10, 2),
});

const open = (undo: Cleanup, config: Record<string, unknown>, clock = Date.now) => {
  const folder = temporaryFolder(undo);
  const locked = createPrivateKey(selfSigned.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open sesame',
  });
  writeFileSync(join(folder, 'ca.pem'), selfSigned.cert);
  writeFileSync(join(folder, 'client.pem'), selfSigned.cert + selfSigned.key);
  writeFileSync(join(folder, 'locked.pem'), selfSigned.cert + locked);
  return webhook.open(
    webhook.config.parse({ ...base, server_certificate: 'ca.pem', ...config }),
    givenHost(webhook, { path: (file) => join(folder, file), clock }),
  );
};

providerConformance('webhook', {
  open: (far, undo) => open(undo, { url: far.url }),
  openUntrusting: (far, undo) => open(undo, { url: far.url, server_certificate: undefined }),
  push,
  ok: { status: 202 },
  deadAddress: { status: 410, body: push.address?.value ?? '' },
  ourFault: { status: 422, body: push.address?.value ?? '' },
  throttled: { status: 429 },
  serverFault: { status: 500, body: push.handle },
  garbage: { status: 200, body: '{"outcome":"perhaps"}' },
});

describe('The provider webhook', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (config: Record<string, unknown> = {}, clock = Date.now) => {
    const far = await farSide(undo);
    const provider = await open(undo, { url: `${far.url}/pushgate`, ...config }, clock);
    undo.later(() => provider.close());
    const deliver = (over: Partial<Push> = {}) => provider.deliver({ ...push, ...over }, AbortSignal.timeout(5000));
    return { far, provider, deliver };
  };

  it('sends the receiver all that it needs', async () => {
    const { far, deliver } = await given();
    assert.deepEqual(await deliver(), { kind: 'sent' });
    const [request] = far.requests;
    assert.deepEqual([request?.method, request?.path, request?.headers['content-type']], ['POST', '/pushgate', 'application/json']);
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      version: 1,
      transactionId: push.transactionId,
      handle: push.handle,
      phone: 'pipush',
      payload: push.payload,
      address: { kind: 'fcm', value: 'eXampl3:token' },
      addresses: [
        { kind: 'fcm', value: 'eXampl3:token' },
        { kind: 'gda', value: 'DEADBEEF' },
      ],
      expiresAt: '2026-03-01T10:02:00.000Z',
    });
  });

  it('serves every kind of address, and names the kind', async () => {
    const { far, deliver } = await given();
    for (const kind of ['fcm', 'apns', 'gda', 'webpush'] as const) {
      assert.ok(webhook.addresses.includes(kind));
      await deliver({ address: { kind, value: 'x', since: 1 } });
      assert.equal(JSON.parse(far.requests.at(-1)?.body ?? '').address.kind, kind);
    }
  });

  it('signs its requests, as the code in its README verifies, which also rejects a forgery', async () => {
    // given the code that we tell receivers to use
    const [, code = ''] = /```js\n([\s\S]+?)```/.exec(readFileSync('providers/webhook/README.md', 'utf8')) ?? [];
    const file = join(temporaryFolder(undo), 'receiver.mjs');
    writeFileSync(file, code);
    const { isFromPushgate } = await import(pathToFileURL(file).href);
    // when a push with letters of all kinds has come
    const clock = fakeClock();
    const { far, deliver } = await given({}, clock);
    await deliver({ payload: 'Grüße 😀' });
    const { bytes = assert.fail(), headers = {} } = far.requests[0] ?? {};
    const header = String(headers['pushgate-signature']);
    // then it is known, but not another body, key or time
    assert.equal(isFromPushgate(bytes, header, key, clock()), true);
    assert.equal(isFromPushgate(Buffer.concat([bytes, Buffer.of(32)]), header, key, clock()), false);
    assert.equal(isFromPushgate(bytes, header, `${key}.`, clock()), false);
    assert.equal(isFromPushgate(bytes, header.replace('t=1', 't=2'), key, clock()), false);
    assert.equal(isFromPushgate(bytes, header, key, clock() + minutes(6)), false);
    assert.equal(isFromPushgate(bytes, 'nonsense', key, clock()), false);
  });

  it('gives the same push to the same address the same idempotency key, whenever it is sent', async () => {
    const clock = fakeClock();
    const { far, deliver } = await given({}, clock);
    await deliver();
    clock.advance(minutes(1));
    await deliver();
    await deliver({ address: { kind: 'fcm', value: 'another', since: 1 } });
    await deliver({ handle: 'another' });
    const keys = far.requests.map(({ headers }) => String(headers['idempotency-key']));
    assert.match(keys[0] ?? '', /^[0-9a-f]{32}$/);
    assert.equal(keys[0], keys[1]);
    assert.equal(new Set(keys).size, 3);
  });

  it('sends the headers of its configuration, and keeps its own', async () => {
    const { far, deliver } = await given({ headers: { Authorization: new Secret('Bearer abc'), 'X-Tenant': 'corp' } });
    await deliver();
    const [request] = far.requests;
    assert.deepEqual([request?.headers.authorization, request?.headers['x-tenant']], ['Bearer abc', 'corp']);
    for (const name of ['Host', 'content-type', 'Pushgate-Signature', 'idempotency-key'])
      assert.equal(webhook.config.safeParse({ ...base, headers: { [name]: 'x' } }).success, false, name);
  });

  const statuses: [number, string, string | undefined][] = [
    [204, 'sent', undefined],
    [302, 'rejected', 'configuration'],
    [401, 'rejected', 'credentials'],
    [403, 'rejected', 'credentials'],
    [404, 'rejected', 'configuration'],
    [408, 'unavailable', 'server'],
    [413, 'rejected', 'message'],
    [425, 'unavailable', 'server'],
    [503, 'unavailable', 'server'],
  ];
  for (const [status, kind, reason] of statuses) {
    it(`reads ${status} as ${reason ?? kind}`, async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', status, headers: { location: `${far.url}/elsewhere` } });
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason, far.requests.length], [kind, reason, 1]);
    });
  }

  const bodies: [string, Record<string, string>, string, string | undefined][] = [
    ['{"outcome":"sent"}', {}, 'sent', undefined],
    ['{"outcome":"dead-address","note":"gone"}', {}, 'rejected', 'dead-address'],
    ['{"outcome":"rejected"}', {}, 'rejected', 'message'],
    ['{"outcome":"unavailable"}', { 'retry-after': '7' }, 'unavailable', 'server'],
    ['{"id":"their own"}', { 'content-type': 'application/json' }, 'sent', undefined],
    ['{"outcome":7}', {}, 'unavailable', 'garbage'],
    ['OK', { 'content-type': 'text/plain' }, 'sent', undefined],
    ['"queued"', {}, 'sent', undefined],
    ['{"outcome":', { 'content-type': 'application/json' }, 'unavailable', 'garbage'],
  ];
  for (const [body, headers, kind, reason] of bodies) {
    it(`reads 200 with ${body} as ${reason ?? kind}`, async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', status: 200, body, headers });
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason], [kind, reason]);
      if (headers['retry-after']) assert.equal('retryAfterMs' in outcome && outcome.retryAfterMs, 7000);
    });
  }

  it('gives up after its own timeout where the login would wait longer', async () => {
    const { far, deliver } = await given({ timeout: '0.05' });
    far.behave({ kind: 'hang' });
    const outcome = await deliver();
    assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'timeout']);
  });

  it('presents its client certificate, whose key may have a passphrase', async () => {
    const far = await farSide(undo, { clientCa: selfSigned.cert });
    const opened = [
      await open(undo, { url: far.url, access_certificate: 'client.pem' }),
      await open(undo, { url: far.url, access_certificate: 'locked.pem', passphrase: new Secret('open sesame') }),
      await open(undo, { url: far.url }),
    ];
    const outcomes = [];
    for (const provider of opened) {
      outcomes.push((await provider.deliver(push, AbortSignal.timeout(5000))).kind);
      await provider.close();
    }
    assert.deepEqual(outcomes, ['sent', 'sent', 'unavailable']);
    assert.equal(new Date(opened[1]?.expires()[0]?.at ?? 0).getUTCFullYear(), 2120);
  });

  it('proves the key by a signed check that reaches no phone', async () => {
    const { far, provider } = await given();
    assert.equal((await provider.check(AbortSignal.timeout(1000))).ok, true);
    const [request] = far.requests;
    assert.deepEqual(JSON.parse(request?.body ?? ''), { version: 1, check: true });
    assert.match(String(request?.headers['pushgate-signature']), /^t=\d+,v1=[0-9a-f]{64}$/);
    far.behave({ kind: 'reply', status: 401 });
    const refused = await provider.check(AbortSignal.timeout(1000));
    assert.ok(!refused.ok && /credentials.*401/.test(refused.problem), JSON.stringify(refused));
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['no URL', { url: 'push.example' }, /url/],
    ['plain http to elsewhere', { url: 'http://push.example/' }, /https/],
    ['a password in the URL', { url: 'https://user:password@push.example/' }, /headers/],
    ['a signing key as text', { signing_key: key }, /\$env/],
    ['a header that is none', { headers: { 'a b': 'x' } }, /letters/],
    ['an unknown key', { uri: 'x' }, /uri/],
  ];
  for (const [what, config, message] of wrong) {
    it(`is refused ${what}`, () => {
      assert.match(JSON.stringify(webhook.config.safeParse({ ...base, ...config }).error?.issues ?? ''), message);
    });
  }

  const unusable: [string, Record<string, unknown>, RegExp][] = [
    ['a key that can be guessed', { signing_key: new Secret('short') }, /^signing_key: .*openssl rand/],
    ['a header with a line break', { headers: { 'X-A': new Secret('a\r\nb: c') } }, /^headers\.x-a: .*one line/],
    ['a wrong passphrase', { access_certificate: 'locked.pem', passphrase: new Secret('simsalabim') }, /^access_certificate: .*passphrase/],
    ['a locked key without its passphrase', { access_certificate: 'locked.pem' }, /^access_certificate: .*passphrase/],
    ['a folder of CAs', { server_certificate: '.' }, /^server_certificate: .*folder/],
  ];
  for (const [what, config, message] of unusable) {
    it(`is refused ${what}, by its path`, async () => {
      await assert.rejects(
        async () => open(undo, config),
        (error: Error) => message.test(error.message) && !/short|simsalabim|b: c/.test(error.message.replace('too short', '')),
      );
    });
  }
});
