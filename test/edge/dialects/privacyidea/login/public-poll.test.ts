import assert from 'node:assert/strict';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const [stranger, vpn] = ['198.51.100.66', '192.0.2.10'];
const apiKey = 'public-poll-test-key-0123456789';
const listeners = [
  {
    address: '127.0.0.1:0',
    trustedProxies: ['127.0.0.0/8'],
    mounts: [
      { path: '/', serves: 'privacyidea', publicPoll: true },
      { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true },
    ],
  },
];
const authServers = [
  { name: 'vpn', networks: [`${vpn}/32`, '127.0.0.0/8'], mounts: ['/', '/edumfa'] },
  { name: 'portal', mounts: ['/'], apiKeys: [{ $env: 'KEY' }] },
];

describe('A client that polls a login and is not an auth server', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenGateway(undo, {
      settings: { sourceFailures: 3, sourceWindowMs: 60_000 },
      environment: { KEY: apiKey },
      more: { listeners, authServers },
    });
    const phone = await gateway.phoneOf('alice');
    const { id, nonce } = await gateway.challenge('alice', phone);
    return { ...gateway, phone, id, nonce };
  };
  const poll = ({ client }: GivenGateway, transaction_id: string, from: string, { path = '', headers = {} } = {}) =>
    client.get(`${path}/validate/polltransaction`, { transaction_id }, { 'x-forwarded-for': from, ...headers });
  const unknownId = (number: number): string => String(number).padStart(20, '0');
  const exhaust = async (gateway: GivenGateway): Promise<void> => {
    for (let number = 0; number < 3; number += 1) {
      const { body } = await poll(gateway, unknownId(number), stranger);
      assert.equal(body.detail.challenge_status, 'pending');
    }
  };

  it('gets the true status of a login, however many unknown ids came from the same address', async () => {
    const gateway = await given();
    await exhaust(gateway);
    assert.equal((await poll(gateway, gateway.id, stranger)).body.detail.challenge_status, 'pending');
    await gateway.phone.answer(gateway.nonce);
    const { body } = await poll(gateway, gateway.id, stranger);
    assert.deepEqual([body.result.value, body.detail.challenge_status], [true, 'accept']);
  });

  for (const [flavour, path] of [
    ['privacyIDEA', ''],
    ['eduMFA', '/edumfa'],
  ] as const) {
    it(`gets a retry time in ${flavour}'s envelope after too many unknown ids`, async () => {
      const gateway = await given();
      await exhaust(gateway);
      gateway.clock.advance(20_000);
      const { status, headers, body } = await poll(gateway, unknownId(4), stranger, { path });
      assert.deepEqual([status, headers.get('retry-after'), headers.get('access-control-allow-origin')], [429, '40', '*']);
      assert.deepEqual(
        [body.result.status, body.result.error, body.detail],
        [false, { code: 10, message: 'ERR10: Too many failed tries from this address; try again in 40 seconds.' }, null],
      );
      gateway.clock.advance(40_000);
      assert.equal((await poll(gateway, unknownId(4), stranger, { path })).body.detail.challenge_status, 'pending');
    });
  }

  it('does not limit auth servers, which may poll any number', async () => {
    const gateway = await given();
    await exhaust(gateway);
    const key = { headers: { 'x-api-key': apiKey } };
    for (let number = 0; number < 5; number += 1) {
      assert.equal((await poll(gateway, unknownId(number), vpn)).body.detail.challenge_status, 'pending', 'by its network');
      assert.equal((await poll(gateway, unknownId(number), stranger, key)).body.detail.challenge_status, 'pending', 'by its key');
    }
    assert.equal((await poll(gateway, unknownId(9), stranger)).status, 429);
  });
});
