import assert from 'node:assert/strict';
import type { FakesOptions } from '../../src/fakes/index.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Came, givenClient, givenFakes } from './fakes-kit.ts';

const challenge = { transactionId: '41227575594942494', gda: 'DEADBEEF', challenge: 'lseqr://push/AgAAAAA' };

describe('The fake of a challenge service', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async ({ certificate = true, ...options }: Partial<FakesOptions> & { certificate?: boolean } = {}) => {
    const { fakes, exchanges } = await givenFakes(undo, options);
    const client = await givenClient(undo, 1, { certificate });
    const [one = '', two = ''] = fakes.challengeService.urls;
    const json = { 'content-type': 'application/json' };
    const post = (
      body: unknown,
      { url = one, headers = json, method }: { url?: string; headers?: Record<string, string>; method?: 'GET' } = {},
    ) => client({ url, headers, body: typeof body === 'string' ? body : JSON.stringify(body), ...(method && { method }) });
    return { fakes, exchanges, one, two, post };
  };

  it('accepts a challenge and records it', async () => {
    const { fakes, one, post } = await given({ clock: () => 5 });
    const reply = await post({ challenge });
    assert.deepEqual(told(reply), [200, 'OK']);
    assert.deepEqual(fakes.deliveries, [
      {
        fake: 'challenge-service',
        at: 5,
        url: one.replace('/v1/challenge', ''),
        address: 'DEADBEEF',
        id: challenge.transactionId,
        headers: {},
        payload: challenge.challenge,
      },
    ]);
  });

  it('refuses connections without a client certificate', async () => {
    const { fakes, post } = await given({ certificate: false });
    const reply = await post({ challenge });
    assert.ok('error' in reply && ['tls', 'connection'].includes(reply.error), JSON.stringify(reply));
    assert.deepEqual(fakes.deliveries, []);
  });

  it('requires none where mutual TLS is not configured', async () => {
    const { fakes, post } = await given({ certificate: false, client: undefined });
    assert.deepEqual(told(await post({ challenge })), [200, 'OK']);
    assert.equal(fakes.clientCertificate, undefined);
  });

  it('delivers a challenge once, however often and to whichever path it is sent', async () => {
    const { fakes, exchanges, two, post } = await given();
    const replies = [await post({ challenge }), await post({ challenge }), await post({ challenge }, { url: two })];
    assert.deepEqual(replies.map(told), [
      [200, 'OK'],
      [200, 'OK'],
      [200, 'OK'],
    ]);
    assert.deepEqual([fakes.deliveries.length, exchanges.map(({ what }) => what)], [1, ['sent', 'sent before', 'sent before']]);
  });

  it('refuses another challenge under the same id, and accepts that of another token of the transaction', async () => {
    const { fakes, two, post } = await given();
    await post({ challenge });
    const changed = await post({ challenge: { ...challenge, challenge: 'lseqr://push/Bg' } }, { url: two });
    assert.deepEqual(told(changed), [409, 'Another challenge has this transactionId']);
    await post({ challenge: { ...challenge, transactionId: '41227575594942494.01' } });
    assert.deepEqual(
      fakes.deliveries.map(({ id }) => id),
      ['41227575594942494', '41227575594942494.01'],
    );
  });

  const wrong: [what: string, body: unknown, reason: string][] = [
    ['no JSON', '{', 'Missing or wrong: body'],
    ['a list', [], 'Missing or wrong: body'],
    ['no challenge', {}, 'Missing or wrong: challenge'],
    ['another field', { challenge, title: 'x' }, 'Unknown field in body'],
    ['another field inside', { challenge: { ...challenge, title: 'x' } }, 'Unknown field in challenge'],
    [
      'a transaction id of 11 digits',
      { challenge: { ...challenge, transactionId: '1'.repeat(11) } },
      'Missing or wrong: challenge.transactionId',
    ],
    [
      'a transaction id of 18 digits',
      { challenge: { ...challenge, transactionId: '1'.repeat(18) } },
      'Missing or wrong: challenge.transactionId',
    ],
    [
      'a transaction id that is a number',
      { challenge: { ...challenge, transactionId: 412275755949 } },
      'Missing or wrong: challenge.transactionId',
    ],
    [
      'a transaction id with one digit of a token',
      { challenge: { ...challenge, transactionId: '412275755949.1' } },
      'Missing or wrong: challenge.transactionId',
    ],
    ['an empty address', { challenge: { ...challenge, gda: '' } }, 'Missing or wrong: challenge.gda'],
    ['an empty challenge', { challenge: { ...challenge, challenge: '' } }, 'Missing or wrong: challenge.challenge'],
  ];
  for (const [what, body, reason] of wrong) {
    it(`refuses ${what}, with the reason in the reason phrase`, async () => {
      const { fakes, post } = await given();
      assert.deepEqual(told(await post(body)), [400, reason]);
      assert.deepEqual(fakes.deliveries, []);
    });
  }

  it('knows one path, one method and one content type', async () => {
    const { one, post } = await given();
    assert.deepEqual(told(await post({ challenge }, { url: `${one}s` })), [404, 'Not Found']);
    assert.deepEqual(told(await post('', { method: 'GET' })), [405, 'Method Not Allowed']);
    assert.deepEqual(told(await post({ challenge }, { headers: { 'content-type': 'text/plain' } })), [415, 'Expected application/json']);
    assert.deepEqual(told(await post({ challenge }, { headers: { 'content-type': 'application/json; charset=utf-8' } })), [200, 'OK']);
  });

  it('refuses an unregistered device', async () => {
    const { post } = await given({ devices: [{ address: 'DEADBEEF', unregisteredSince: 0 }] });
    assert.deepEqual(told(await post({ challenge })), [404, 'Unknown device']);
  });

  it('fails with the requested status and reason phrase', async () => {
    const { fakes, post } = await given();
    fakes.setFault({ fake: 'challenge-service', status: 503, times: 1 });
    fakes.setFault({ fake: 'challenge-service', status: 500, reason: 'No contact to Google', times: 1 });
    const replies = [await post({ challenge }), await post({ challenge }), await post({ challenge })];
    assert.deepEqual(replies.map(told), [
      [503, 'Service Unavailable'],
      [500, 'No contact to Google'],
      [200, 'OK'],
    ]);
  });
});

const told = (reply: Came): [number, string] => ('status' in reply ? [reply.status, reply.reason] : [0, reply.error]);
