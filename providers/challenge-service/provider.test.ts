import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenHost, givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { type FarSide, farSide } from '../../test/kit/far-side.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import challengeService from './provider.ts';

const push = givenPush({
  handle: '41227575594942494',
  phone: 'linotp',
  payload: 'lseqr://push/AgAAAA',
  address: { kind: 'gda', value: 'DEADBEEF', since: 1 },
});

const open = (undo: Cleanup, config: Record<string, unknown>, clock = Date.now) => {
  const folder = temporaryFolder(undo);
  writeFileSync(join(folder, 'ca.pem'), selfSigned.cert);
  writeFileSync(join(folder, 'client.pem'), selfSigned.cert + selfSigned.key);
  const parsed = challengeService.config.parse({ server_certificate: 'ca.pem', ...config });
  return challengeService.open(parsed, givenHost(challengeService, { path: (file) => join(folder, file), clock }));
};

providerConformance('challenge-service', {
  open: (far, undo) => open(undo, { push_url: far.url }),
  openUntrusting: (far, undo) => open(undo, { push_url: far.url, server_certificate: undefined }),
  push,
  ok: { status: 202 },
  deadAddress: { status: 410 },
  ourFault: { status: 400 },
  throttled: { status: 429 },
  serverFault: { status: 500 },
});

describe('The provider challenge-service', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  const deliver = async (provider: Awaited<ReturnType<typeof open>>, over = {}) =>
    provider.deliver({ ...push, ...over }, AbortSignal.timeout(5000));

  it('sends the bytes that LinOTP sends', async () => {
    const far = await farSide(undo);
    const provider = await open(undo, { push_url: `${far.url}/v1/challenge` });
    await deliver(provider, { payload: 'lseqr://push/ü€😀"' });
    await provider.close();
    const [request] = far.requests;
    assert.deepEqual(
      [request?.method, request?.path, request?.headers['content-type'], request?.headers.accept],
      ['POST', '/v1/challenge', 'application/json', 'text/plain'],
    );
    assert.equal(
      request?.body,
      '{"challenge": {"transactionId": "41227575594942494", "gda": "DEADBEEF", "challenge": "lseqr://push/\\u00fc\\u20ac\\ud83d\\ude00\\""}}',
    );
  });

  it('gives a challenge of another phone protocol an id in the form of LinOTP, always the same one', async () => {
    const far = await farSide(undo);
    const provider = await open(undo, { push_url: far.url });
    for (const handle of ['MDUAN3K5', 'MDUAN3K5', 'OTHER', '41227575594942.01']) await deliver(provider, { handle });
    await provider.close();
    const ids = far.requests.map(({ body }) => JSON.parse(body).challenge.transactionId);
    assert.match(ids[0], /^\d{17}$/);
    assert.deepEqual([ids[1], ids[3]], [ids[0], '41227575594942.01']);
    assert.notEqual(ids[2], ids[0]);
  });

  it('presents its client certificate, and reports its expiry', async () => {
    const far = await farSide(undo, { clientCa: selfSigned.cert });
    const proven = await open(undo, { push_url: far.url, access_certificate: 'client.pem' });
    const unproven = await open(undo, { push_url: far.url });
    assert.equal((await deliver(proven)).kind, 'sent');
    assert.equal((await deliver(unproven)).kind, 'unavailable');
    assert.equal(new Date(proven.expires()[0]?.at ?? 0).getUTCFullYear(), 2120);
    await Promise.all([proven.close(), unproven.close()]);
  });

  const givenTwo = async (first: Parameters<FarSide['behave']>[0], clock = Date.now) => {
    const [one, two] = [await farSide(undo), await farSide(undo)];
    one.behave(first);
    const provider = await open(undo, { push_url: [one.url, two.url] }, clock);
    undo.later(() => provider.close());
    return { one, two, provider };
  };

  /** A cut connection is tried once more, on a fresh one. */
  const triesOf = ({ kind }: Parameters<FarSide['behave']>[0]): number => (kind === 'reset' ? 2 : 1);

  it('goes on to the next URL when one resets, hangs or replies 503, within its time limit', async () => {
    for (const first of [{ kind: 'reset' }, { kind: 'hang' }, { kind: 'reply', status: 503 }] as const) {
      const { one, two, provider } = await givenTwo(first);
      assert.equal((await deliver(provider, { budgetMs: 300 })).kind, 'sent', first.kind);
      assert.deepEqual([one.requests.length, two.requests.length], [triesOf(first), 1]);
    }
  });

  it('asks each of several URLs with a 5xx reply once more, when none accepted and time is left', async () => {
    // given two URLs that answer one 503 each, and are well then
    const [ill, well] = [{ kind: 'reply', status: 503 } as const, { kind: 'reply', status: 200 } as const];
    const { one, two, provider } = await givenTwo(ill);
    for (const far of [one, two]) far.behave(ill, well);
    assert.equal((await deliver(provider)).kind, 'sent');
    assert.deepEqual([one.requests.length, two.requests.length], [2, 1]);
    // a URL with Retry-After is not asked again
    for (const far of [one, two]) far.behave({ ...ill, headers: { 'retry-after': '5' } });
    assert.equal((await deliver(provider)).kind, 'unavailable');
    assert.deepEqual([one.requests.length, two.requests.length], [3, 2]);
  });

  it('stops when the first URL refuses for good', async () => {
    const { two, provider } = await givenTwo({ kind: 'reply', status: 404 });
    assert.equal((await deliver(provider)).kind, 'rejected');
    assert.equal(two.requests.length, 0);
  });

  it('asks an unreachable URL last, until its cooldown ends', async () => {
    let now = 1_000_000;
    for (const first of [{ kind: 'reset' }, { kind: 'hang' }] as const) {
      const { one, two, provider } = await givenTwo(first, () => now);
      for (const _ of [1, 2]) await deliver(provider, { budgetMs: 300 });
      assert.deepEqual([one.requests.length, two.requests.length], [triesOf(first), 2], first.kind);
      now += 30_000;
      one.behave({ kind: 'reply', status: 200 });
      for (const _ of [1, 2]) await deliver(provider, { budgetMs: 300 });
      assert.deepEqual([one.requests.length, two.requests.length], [triesOf(first) + 2, 2], first.kind);
    }
  });

  it('delivers as soon as one URL works, whatever happened before', async () => {
    // given two URLs that a push has just tried in vain
    const before: Parameters<FarSide['behave']>[0][] = [
      { kind: 'reply', status: 503 },
      { kind: 'reply', status: 429, headers: { 'retry-after': '60' } },
      { kind: 'reset' },
      { kind: 'hang' },
    ];
    for (const ill of before) {
      const { one, two, provider } = await givenTwo(ill);
      two.behave(ill);
      assert.equal((await deliver(provider, { budgetMs: 200 })).kind, 'unavailable');
      for (const well of [one, two]) {
        // when one is well again, and the other is as it was
        for (const far of [one, two]) far.behave(far === well ? { kind: 'reply', status: 200 } : ill);
        const seen = one.requests.length + two.requests.length;
        // then the next push is delivered, and no URL is asked again after its reply
        assert.equal((await deliver(provider, { budgetMs: 1000 })).kind, 'sent', JSON.stringify(ill));
        assert.ok(one.requests.length + two.requests.length - seen <= 1 + triesOf(ill));
      }
    }
  });

  it('keeps the order of the URLs after an occasional 503 or 429', async () => {
    for (const status of [503, 429]) {
      const { one, two, provider } = await givenTwo({ kind: 'reply', status });
      await deliver(provider);
      one.behave({ kind: 'reply', status: 200 });
      await deliver(provider);
      assert.deepEqual([one.requests.length, two.requests.length], [2, 1]);
    }
  });

  it('names its URLs by scheme, host and port, and numbers those that look the same', async () => {
    const provider = await open(undo, {
      push_url: ['https://a:b@cs.example/one', 'https://cs.example/two?key=c', 'https://cs.example:8443'],
    });
    const names = ['https://cs.example', 'https://cs.example (2)', 'https://cs.example:8443'];
    assert.deepEqual(
      provider.servers?.().map(({ name, state }) => [name, state]),
      names.map((name, index) => [name, index === 0 ? 'in-use' : 'ready']),
    );
    await provider.close();
  });

  it('treats a redirect as a refusal: a push never becomes a GET', async () => {
    const far = await farSide(undo);
    far.behave({ kind: 'reply', status: 302, headers: { location: `${far.url}/else` } });
    const provider = await open(undo, { push_url: far.url });
    assert.deepEqual([(await deliver(provider)).kind, far.requests.length], ['rejected', 1]);
    await provider.close();
  });

  it('checks whether its URLs can be reached, without a POST', async () => {
    const { one, provider } = await givenTwo({ kind: 'reset' });
    const result = await provider.check(AbortSignal.timeout(2000));
    assert.equal(result.ok, false);
    assert.ok(!result.ok && result.problem.includes(new URL(one.url).host));
    assert.ok(one.requests.every(({ method }) => method === 'GET'));
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['plain http to elsewhere', { push_url: 'http://cs.example/v1' }, /https/],
    ['an empty list of URLs', { push_url: [] }, /./],
    ['a time-out that is none', { push_url: 'https://cs.example', timeout: 'soon' }, /seconds/],
    ['a time-out of zero', { push_url: 'https://cs.example', timeout: '0,5' }, /above zero/],
    ['a proxy with a path', { push_url: 'https://cs.example', proxy: 'http://proxy.example/path' }, /path/],
    ['an unknown key', { push_url: 'https://cs.example', pushurl: 'x' }, /pushurl/],
  ];
  for (const [what, config, message] of wrong) {
    it(`is refused ${what}`, () => {
      const { error } = challengeService.config.safeParse(config);
      assert.match(JSON.stringify(error?.issues ?? ''), message);
    });
  }

  it('is refused files that are missing, hold no key, or no certificate', async () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'cert-only.pem'), selfSigned.cert);
    writeFileSync(join(folder, 'nothing.pem'), 'nothing');
    const config = { push_url: 'https://cs.example' };
    for (const files of [
      { access_certificate: 'gone.pem' },
      { access_certificate: join(folder, 'cert-only.pem') },
      { server_certificate: join(folder, 'nothing.pem') },
      { server_certificate: folder },
    ]) {
      await assert.rejects(
        async () => challengeService.open(challengeService.config.parse({ ...config, ...files }), givenHost(challengeService)),
        (error: Error & { code?: string }) => error.code === 'config-invalid' && /\.$/.test(error.message),
      );
    }
  });
});
