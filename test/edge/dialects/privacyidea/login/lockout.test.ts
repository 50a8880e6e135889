import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { createKeyringFile } from '../../../../../src/foundation/keyring/index.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../../../../kit/mongod.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

const [home, stranger] = ['192.0.2.10', '198.51.100.66'];
const listeners = [
  {
    address: '127.0.0.1:0',
    trustedProxies: ['127.0.0.0/8'],
    mounts: [
      { path: '/', serves: 'privacyidea' },
      { path: '/', serves: 'ops' },
    ],
  },
];
const authServers = [{ name: 'vpn', networks: ['0.0.0.0/0', '::/0'], mounts: ['/'] }];
const minutes = (count: number): number => count * 60_000;

/** A gateway behind a proxy, which counts failures per network, four at most. */
const wishes = (more: object = {}, settings: object = {}): GatewayWishes => ({
  settings: { lockout: 'source', DefaultMaxFailCount: 4, ...settings },
  more: { listeners, authServers, ...more },
});

/** What comes of it when alice sends this PIN from this address; of a refusal the reason that the log has: `locked` where the PIN was not looked at. */
async function tries(given: GivenGateway, from: string, pass: string, more: Record<string, string> = {}): Promise<string> {
  return (await triesAndHears(given, from, pass, more)).came;
}

/** The same, with what she is told. */
async function triesAndHears({ client, logged }: GivenGateway, from: string, pass: string, more: Record<string, string> = {}) {
  const { body, headers } = await client.post('/validate/check', { user: 'alice', pass, ...more }, { 'x-forwarded-for': from });
  const { authentication = '' } = body.result;
  const events = logged.flatMap((line) => refused.safeParse(line).data ?? []);
  const reason = events.find(({ origin }) => origin.requestId === headers.get('x-request-id'))?.reason ?? '';
  return { came: authentication === 'REJECT' ? reason : authentication, hears: body.detail.message };
}

const refused = z.object({ event: z.literal('login-refused'), reason: z.string(), origin: z.object({ requestId: z.string() }) });

const burst = (given: GivenGateway, from: string, pins: readonly string[]): Promise<string[]> =>
  Promise.all(pins.map((pin) => tries(given, from, pin)));
const wrongPins = (count: number): string[] => Array.from({ length: count }, (_, number) => `guess ${number}`);
const count = (said: readonly string[], what: string): number => said.filter((each) => each === what).length;

describe('Failures that count per push token and network', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('do not lock the owner out, whatever a stranger sends from another network', async () => {
    // given a stranger who sends forty guesses at once, the right PIN among them
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice');
    const said = await burst(given, stranger, [...wrongPins(20), '1234', ...wrongPins(19)]);
    // then four were tried, and of the rest not even the right one was looked at
    assert.equal(count(said, 'wrong-pin'), 4);
    assert.equal(count(said, 'locked'), 36);
    // and alice logs in from home, the stranger does not
    assert.equal(await tries(given, home, '1234'), 'CHALLENGE');
    assert.equal(await tries(given, stranger, '1234'), 'locked');
  });

  it('are told in the words of a wrong PIN when the network has to wait: whoever guesses learns nothing, not even that there is such a user', async () => {
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice');
    await burst(given, stranger, wrongPins(4));
    for (const pin of ['1234', 'wrong'])
      assert.deepEqual(await triesAndHears(given, stranger, pin), { came: 'locked', hears: 'wrong otp pin' });
  });

  it('do not tell a right PIN that is remembered from a wrong one in a burst', async () => {
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice');
    // given a PIN that the gateway remembers as right
    assert.equal(await tries(given, home, '1234'), 'CHALLENGE');
    const said = await burst(given, stranger, [...wrongPins(20), '1234']);
    assert.equal(said.at(-1), 'locked');
  });

  it('make their network wait, longer with each further try', async () => {
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice');
    await burst(given, stranger, wrongPins(4));
    for (const wait of [1, 2, 4]) {
      // when a moment is missing, nothing is looked at; then one guess is
      given.clock.advance(minutes(wait) - 1);
      assert.equal(await tries(given, stranger, '1234'), 'locked');
      given.clock.advance(1);
      assert.deepEqual((await burst(given, stranger, wrongPins(3))).sort(), ['locked', 'locked', 'wrong-pin']);
    }
  });

  it('are those of a whole /64 of IPv6', async () => {
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice');
    for (const [index, pin] of wrongPins(4).entries()) await tries(given, `2001:db8:0:1::${index + 1}`, pin);
    assert.equal(await tries(given, '2001:db8:0:1:ffff::9', '1234'), 'locked');
    assert.equal(await tries(given, '2001:db8:0:2::1', '1234'), 'CHALLENGE');
  });

  it('are forgotten when the network logs in', async () => {
    const given = await givenGateway(undo, wishes());
    const phone = await given.phoneOf('alice');
    // given three failures at home and then a login
    for (const pin of wrongPins(3)) assert.equal(await tries(given, home, pin), 'wrong-pin');
    const started = await given.client.post('/validate/check', { user: 'alice', pass: '1234' }, { 'x-forwarded-for': home });
    const [shown] = (await phone.poll()).body.result.value;
    await phone.answer(shown.nonce);
    assert.equal(await tries(given, home, '', { transaction_id: started.body.detail.transaction_id }), 'ACCEPT');
    // then there are three more
    for (const pin of wrongPins(3)) assert.equal(await tries(given, home, pin), 'wrong-pin');
    assert.equal(await tries(given, home, '1234'), 'CHALLENGE');
  });

  it('are forgotten with a reset, and with another push token of the same serial', async () => {
    const given = await givenGateway(undo, wishes());
    await given.phoneOf('alice', { serial: 'SAME1' });
    await burst(given, stranger, wrongPins(6));
    assert.equal(await tries(given, stranger, '1234'), 'locked');
    // when an administrator resets the push token, the clock standing still
    await given.client.post('/token/reset', { serial: 'SAME1' }, given.admin);
    // then its network waits no more, and has all its guesses again
    for (const pin of wrongPins(3)) assert.equal(await tries(given, stranger, pin), 'wrong-pin');
    assert.equal(await tries(given, stranger, '1234'), 'CHALLENGE');
    // and a later push token of that serial begins anew
    await burst(given, stranger, wrongPins(6));
    assert.equal(await tries(given, stranger, '1234'), 'locked');
    given.clock.advance(1);
    await given.client.send('/token/SAME1', { method: 'DELETE', headers: given.admin });
    await given.phoneOf('alice', { serial: 'SAME1' });
    assert.equal(await tries(given, stranger, '1234'), 'CHALLENGE');
  });

  it('are wrong display codes as well: the right one is not looked at while the network waits', async () => {
    const policies = [{ name: 'code', scope: 'authentication', actions: { push_code_to_phone: true, push_code_to_phone_digits: 6 } }];
    const given = await givenGateway(undo, { ...wishes({}, { DefaultMaxFailCount: 2 }), policies });
    const phone = await given.phoneOf('alice');
    const started = await given.client.post('/validate/check', { user: 'alice', pass: '1234' }, { 'x-forwarded-for': home });
    const [shown] = (await phone.poll()).body.result.value;
    const { display_code: code } = (await phone.answer(shown.nonce)).body.detail;
    const type = (text: string): Promise<string> => tries(given, home, text, { transaction_id: started.body.detail.transaction_id });
    // given as many wrong codes as the network has tries
    for (const wrong of ['a', 'b']) assert.equal(await type(wrong), 'not-answered');
    assert.equal(await type(code), 'locked');
    // then the right one is good once the wait is over
    given.clock.advance(minutes(1));
    assert.equal(await type(code), 'ACCEPT');
  });

  it('stop everyone at a hundred, but for one try per wait', async () => {
    const given = await givenGateway(undo, wishes({}, { DefaultMaxFailCount: 30 }));
    await given.phoneOf('alice');
    for (const network of ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4'])
      for (const pin of wrongPins(25)) await tries(given, network, pin);
    assert.equal(await tries(given, stranger, 'one more'), 'wrong-pin');
    assert.equal(await tries(given, home, '1234'), 'locked');
    given.clock.advance(minutes(1));
    assert.equal(await tries(given, home, '1234'), 'CHALLENGE');
  });
});

describe('Failures that count per push token', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('do not tell a right PIN that is remembered from a wrong one in a burst', async () => {
    const given = await givenGateway(undo, wishes({}, { lockout: 'token' }));
    await given.phoneOf('alice');
    // given a PIN that the gateway remembers as right, and twenty wrong ones before it
    assert.equal(await tries(given, home, '1234'), 'CHALLENGE');
    const said = await burst(given, stranger, [...wrongPins(20), '1234']);
    assert.equal(said.at(-1), 'locked');
  });
});

describe('Failures of a network at two gateways on one MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenTwo = async (): Promise<{ one: GivenGateway; two: GivenGateway; shared: GatewayWishes }> => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    const shared = {
      ...wishes({ store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database }, keyring: { $env: 'KEYRING' } }),
      environment: { MONGODB_URL: mongo.url(), KEYRING: readFileSync(keyring, 'utf8') },
    };
    return { one: await givenGateway(undo, shared), two: await givenGateway(undo, shared), shared };
  };

  it('are counted together, and outlive the gateway that counted them', async () => {
    const { one, two, shared } = await givenTwo();
    await one.phoneOf('alice');
    // given guesses at both at once
    const said = (await Promise.all([burst(one, stranger, wrongPins(10)), burst(two, stranger, wrongPins(10))])).flat();
    assert.equal(count(said, 'wrong-pin'), 4);
    // then a third gateway that starts afterwards looks at nothing of that network, and lets alice in
    const three = await givenGateway(undo, shared);
    assert.equal(await tries(three, stranger, '1234'), 'locked');
    assert.equal(await tries(three, home, '1234'), 'CHALLENGE');
  });

  it('make it wait at a gateway that has not heard of them, too, whatever PIN that one remembers', async () => {
    const { one, two } = await givenTwo();
    const phone = await one.phoneOf('alice');
    // given a second gateway that remembers alice's PIN, and a stranger who has used up all guesses at the first
    assert.equal(await tries(two, home, '1234'), 'CHALLENGE');
    await burst(one, stranger, wrongPins(4));
    // and a login of alice's, which clears the fail count, but not the stranger's
    const started = await one.client.post('/validate/check', { user: 'alice', pass: '1234' }, { 'x-forwarded-for': home });
    for (const { nonce } of (await phone.poll()).body.result.value) await phone.answer(nonce);
    assert.equal(await tries(one, home, '', { transaction_id: started.body.detail.transaction_id }), 'ACCEPT');
    await one.gateway.settled();
    // then the second one looks at no PIN of the stranger, the right one included
    assert.equal(await tries(two, stranger, '1234'), 'locked');
    assert.equal(await tries(two, stranger, 'wrong'), 'locked');
    assert.equal(await tries(two, home, '1234'), 'CHALLENGE');
  });
});
