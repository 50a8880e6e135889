import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyringFile } from '../../../../../src/foundation/keyring/index.ts';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { dropDatabase, givenMongo } from '../../../../kit/mongod.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { givenRinging, type RingingGateway } from '../../../../kit/ringing.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

const home = '198.51.100.7';
const hint = / Use the polling feature of your privacyIDEA Authenticator App to check for a new Login request\.$/;
const wishes = (settings: object = {}): GatewayWishes => ({ settings: { lockout: 'source', DefaultMaxFailCount: 4, ...settings } });

/** The reply to a login with this PIN, and with the address that the auth server passes on, if any. */
async function check({ client, clock }: GivenGateway, pass: string, from?: string, more: Record<string, string> = {}) {
  clock.advance(1);
  const told = from === undefined ? {} : { client: from };
  return (await client.post('/validate/check', { user: 'alice', pass, ...told, ...more })).body;
}

/**
 * The result of that: `CHALLENGE`, `quiet` where it does not show whether the PIN was right, or the message of a
 * refusal.
 */
async function tries(given: GivenGateway, pass: string, from?: string): Promise<string> {
  const { result, detail } = await check(given, pass, from);
  if (result.authentication !== 'CHALLENGE') return detail.message;
  return hint.test(detail.message) ? 'quiet' : 'CHALLENGE';
}

const guesses = async (given: GivenGateway, count: number, from?: (index: number) => string): Promise<string[]> => {
  const said: string[] = [];
  for (let index = 0; index < count; index += 1) said.push(await tries(given, `guess ${index}`, from?.(index)));
  return said;
};
const newest = async (phone: PiPhone): Promise<string | undefined> => (await phone.poll()).body.result.value.at(-1)?.nonce;
const finish = async ({ client }: GivenGateway, id: string): Promise<string | undefined> =>
  (await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.authentication;

/** Logs in from there, says yes on the phone, and returns the result. */
async function logsIn(world: GivenGateway, phone: PiPhone, from?: string): Promise<string | undefined> {
  const { detail } = await check(world, '1234', from);
  await world.gateway.settled();
  const nonce = await newest(phone);
  if (nonce === undefined) return 'nothing to answer';
  await phone.answer(nonce);
  await world.gateway.settled();
  return finish(world, detail.transaction_id);
}

describe('Wrong PINs from many networks', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Alice with a phone that gets pushes and a known client at home. */
  const given = async (settings: object = {}): Promise<{ world: RingingGateway; phone: PiPhone }> => {
    const world = await givenRinging(undo, wishes(settings));
    const phone = await world.ringingPhoneOf('alice');
    assert.equal(await logsIn(world, phone, home), 'ACCEPT');
    return { world, phone };
  };

  it('do not affect a client that her phone has accepted: it still causes pushes', async () => {
    const { world, phone } = await given();
    await guesses(world, 60, (index) => `203.0.113.${index % 50}`);
    const before = world.rings();
    assert.equal(await tries(world, '1234', home), 'CHALLENGE');
    assert.equal(world.rings(), before + 1);
    assert.equal(await logsIn(world, phone, home), 'ACCEPT');
    // and her own failures count for her own client alone
    assert.deepEqual(await guesses(world, 5, () => home), [...Array(4).fill('wrong otp pin'), 'quiet']);
  });

  for (const { title, from } of [
    { title: 'from nowhere told', from: undefined },
    { title: 'from a new client', from: '192.0.2.99' },
  ])
    it(`make her logins ${title} quiet: no push is sent, and she logs in by opening the app`, async () => {
      const { world, phone } = await given();
      await guesses(world, 60, (index) => `203.0.113.${index % 50}`);
      const before = world.rings();
      assert.equal(await tries(world, '1234', from), 'quiet');
      assert.equal(await logsIn(world, phone, from), 'ACCEPT');
      assert.equal(world.rings(), before);
      // then her yes has ended it
      assert.equal(await tries(world, '1234', from), 'CHALLENGE');
      assert.equal(world.rings(), before + 1);
    });

  it('reveal nothing: a right and a wrong one get the same replies, at once, at each poll, at the end, and after her no', async () => {
    const { world, phone } = await given();
    await guesses(world, 4);
    const told = async (pass: string) => {
      while ((await tries(world, 'guess')) !== 'quiet');
      const { detail, result } = await check(world, pass);
      const id: string = detail.transaction_id;
      await world.gateway.settled();
      const nonce = await newest(phone);
      const polled = [];
      for (const happens of [
        async () => undefined,
        async () => nonce && phone.answer(nonce, { decline: true }),
        () => world.clock.advance(minutes(3)),
      ]) {
        await happens();
        await world.gateway.settled();
        polled.push((await world.client.get('/validate/polltransaction', { transaction_id: id })).body.result);
        polled.push((await world.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.detail);
      }
      return { isAsked: nonce !== undefined, heard: JSON.parse(JSON.stringify({ detail, result, polled }).replaceAll(id, 'ID')) };
    };
    const right = await told('1234');
    const wrong = await told('4321');
    assert.deepEqual([right.isAsked, wrong.isAsked], [true, false]);
    const { threadid: _one, ...rightDetail } = right.heard.detail;
    const { threadid: _other, ...wrongDetail } = wrong.heard.detail;
    assert.deepEqual({ ...right.heard, detail: rightDetail }, { ...wrong.heard, detail: wrongDetail });
  });

  it('do not distinguish a remembered right PIN from a wrong one in a burst', async () => {
    const { world } = await given();
    const burst = await Promise.all(
      [...Array.from({ length: 20 }, (_, index) => `guess ${index}`), '1234'].map((pin) => tries(world, pin)),
    );
    assert.equal(burst.filter((said) => said === 'wrong otp pin').length, 4);
    assert.equal(burst.at(-1), 'quiet');
  });

  it('are quiet for a minute, then for 2, 4 and so on up to an hour, with one guess between', async () => {
    const { world } = await given();
    await guesses(world, 4);
    for (const quiet of [1, 2, 4, 8, 16, 32, 60, 60]) {
      world.clock.advance(minutes(quiet) - seconds(1));
      assert.equal(await tries(world, 'guess'), 'quiet', `${quiet}`);
      world.clock.advance(seconds(1));
      assert.deepEqual(await guesses(world, 3), ['wrong otp pin', 'quiet', 'quiet'], `${quiet}`);
    }
    // and each beginning was logged
    const told = world.logged.filter(({ event }) => event === 'logins-quiet').map(({ forMs }) => forMs);
    assert.deepEqual(told.slice(0, 3), [1, 2, 4].map(minutes));
  });

  it('count for a whole /64 of IPv6', async () => {
    const { world, phone } = await given();
    assert.equal(await logsIn(world, phone, '2001:db8:0:1::1'), 'ACCEPT');
    await guesses(world, 4, (index) => `2001:db8:0:1::${index + 2}`);
    assert.equal(await tries(world, '1234', '2001:db8:0:1:ffff::9'), 'quiet');
    assert.equal(await tries(world, '1234', home), 'CHALLENGE');
  });

  it('are forgotten with a reset of the push token, and with the push token', async () => {
    const { world } = await given();
    await guesses(world, 6);
    assert.equal(await tries(world, '1234'), 'quiet');
    await world.client.post('/token/reset', { user: 'alice' }, world.admin);
    assert.deepEqual(await guesses(world, 3), Array(3).fill('wrong otp pin'));
    assert.equal(await tries(world, '1234'), 'CHALLENGE');
    await guesses(world, 6);
    await world.client.send(`/token/${world.logged.find(({ event }) => event === 'phone-enrolled')?.serial}`, {
      method: 'DELETE',
      headers: world.admin,
    });
    await world.ringingPhoneOf('alice');
    assert.equal(await tries(world, '1234'), 'CHALLENGE');
  });

  it('never keep an administrator from triggering a push to her phone', async () => {
    const { world } = await given();
    await guesses(world, 150, (index) => `203.0.113.${index % 50}`);
    const before = world.rings();
    const { body } = await world.client.post('/validate/triggerchallenge', { user: 'alice' }, world.admin);
    assert.equal(body.result.value, 1);
    assert.equal(world.rings(), before + 1);
  });

  it('include wrong display codes, and the right code still works', async () => {
    const policies = [{ name: 'code', scope: 'authentication', actions: { push_code_to_phone: true, push_code_to_phone_digits: 6 } }];
    const world = await givenGateway(undo, { ...wishes({ DefaultMaxFailCount: 2 }), policies });
    const phone = await world.phoneOf('alice');
    const { detail } = await check(world, '1234');
    const { display_code: code } = (await phone.answer((await newest(phone)) ?? '')).body.detail;
    const type = (text: string) => check(world, text, undefined, { transaction_id: detail.transaction_id });
    for (const wrong of ['a', 'b']) assert.equal((await type(wrong)).result.value, false);
    assert.equal((await check(world, 'wrong')).result.authentication, 'CHALLENGE', 'quiet by now');
    assert.equal((await type(code)).result.value, true);
  });

  it('do not separate a phone with the right PIN from the stored login', async () => {
    const file = join(temporaryFolder(undo), 'staff.json');
    const listed = (username: string) => writeFileSync(file, JSON.stringify([{ username, userid: '7' }]));
    listed('al');
    const world = await givenGateway(undo, {
      ...wishes(),
      more: {
        realms: [{ name: 'corp', default: true, users: ['staff'] }],
        userSources: [{ name: 'staff', kind: 'file', config: { file } }],
      },
    });
    // given push tokens of one user under two names, with a PIN each, and the key under which each login is stored
    await world.phoneOf('al', { serial: 'ONE', pin: '1111' });
    listed('alice');
    await world.phoneOf('alice', { serial: 'TWO', pin: '2222' });
    const places = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const pin of ['1111', '2222']) {
        found.push((await check(world, pin)).detail.transaction_id.slice(0, 3));
        await world.gateway.settled();
      }
      return found;
    };
    const [one, two] = await places();
    assert.notEqual(one, two);
    // when logins of both are quiet and each PIN comes
    await guesses(world, 5);
    const stored = await places();
    // then both are where these are stored
    await world.client.post('/token/reset', { user: 'alice' }, world.admin);
    assert.deepEqual(await places(), stored);
  });

  it('wait as long as right ones in wait mode', async () => {
    const wait = { name: 'wait', scope: 'authentication', actions: { push_wait: 1 } };
    const world = await givenRinging(undo, { ...wishes(), policies: [wait] });
    const phone = await world.ringingPhoneOf('alice');
    await guesses(world, 4);
    const before = world.rings();
    // when a wrong PIN and the right one are typed, and no one opens the app
    const [wrong, right] = await Promise.all([check(world, 'guess'), check(world, '1234')]);
    assert.deepEqual([wrong.result.value, wrong.detail.message], [false, 'wrong otp value']);
    assert.deepEqual([right.result.value, right.detail.message], [false, 'wrong otp value']);
    // and a user who opens the app is accepted
    const replied = check(world, '1234');
    let nonce: string | undefined;
    while (nonce === undefined) nonce = await newest(phone);
    await phone.answer(nonce);
    assert.equal((await replied).result.value, true);
    assert.equal(world.rings(), before);
  });
});

describe('Failures that count per push token', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('lock it as privacyIDEA does, also for a remembered right PIN', async () => {
    const given = await givenGateway(undo, wishes({ lockout: 'token' }));
    await given.phoneOf('alice');
    assert.equal(await tries(given, '1234'), 'CHALLENGE');
    const burst = await Promise.all(
      [...Array.from({ length: 20 }, (_, index) => `guess ${index}`), '1234'].map((pin) => tries(given, pin)),
    );
    assert.equal(burst.at(-1), 'Failcounter exceeded');
    const { body } = await given.client.post('/validate/triggerchallenge', { user: 'alice' }, given.admin);
    assert.equal(body.detail.message, 'Failcounter exceeded');
  });
});

describe('Failures at two gateways on one MongoDB', function () {
  this.timeout(60_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The configuration of gateways on one new database. */
  const sharing = () => {
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const keyring = join(temporaryFolder(undo), 'keyring.json');
    createKeyringFile(keyring, 0);
    return {
      ...wishes(),
      more: { store: { kind: 'mongodb', url: { $env: 'MONGODB_URL' }, database }, keyring: { $env: 'KEYRING' } },
      environment: { MONGODB_URL: mongo.url(), KEYRING: readFileSync(keyring, 'utf8') },
    };
  };

  it('hide whether a PIN is remembered by the other one', async () => {
    const shared = sharing();
    const [one, two] = [await givenGateway(undo, shared), await givenGateway(undo, shared)];
    const phone = await one.phoneOf('alice');
    // given alice's login at the second, and then guesses at the first
    assert.equal(await logsIn(two, phone), 'ACCEPT');
    await guesses(one, 4);
    // when the second gateway gets the right PIN after a quiet wrong one, and the phone says no
    await tries(two, 'guess');
    const { detail } = await check(two, '1234');
    await two.gateway.settled();
    await phone.answer((await newest(phone)) ?? '', { decline: true });
    await one.gateway.settled();
    const { body } = await two.client.get('/validate/polltransaction', { transaction_id: detail.transaction_id });
    assert.equal(body.detail.challenge_status, 'pending');
  });

  it('are counted together, survive the gateway that counted them, and end everywhere with a reset', async () => {
    const shared = sharing();
    const [one, two] = [await givenGateway(undo, shared), await givenGateway(undo, shared)];
    const phone = await one.phoneOf('alice');
    // given guesses at both at once
    const burst = (world: GivenGateway) => Promise.all(Array.from({ length: 10 }, (_, index) => tries(world, `guess ${index}`)));
    const said = (await Promise.all([burst(one), burst(two)])).flat();
    assert.equal(said.filter((each) => each === 'wrong otp pin').length, 4);
    // then a third gateway that starts afterwards is quiet, and accepts her login by the app
    const three = await givenGateway(undo, shared);
    const { detail } = await check(three, '1234');
    await three.gateway.settled();
    await phone.answer((await newest(phone)) ?? '');
    await one.gateway.settled();
    assert.equal(await finish(two, detail.transaction_id), 'ACCEPT');
    // and with a reset at the first all have their guesses again
    await burst(two);
    await one.client.post('/token/reset', { user: 'alice' }, one.admin);
    for (const world of [one, two, three]) assert.equal(await tries(world, 'guess'), 'wrong otp pin');
  });
});
