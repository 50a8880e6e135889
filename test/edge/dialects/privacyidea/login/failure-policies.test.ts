import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('The fail count of a push token with policies', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenPolicy = (actions: object): Promise<GivenGateway> =>
    givenGateway(undo, { policies: [{ name: 'counting', scope: 'authentication', actions }] });
  const tokenOf = async ({ client, gateway, admin }: GivenGateway, serial: string) => {
    await gateway.settled();
    return (await client.get('/token/', { serial }, admin)).body.result.value.tokens[0];
  };
  const finish = async ({ client }: GivenGateway, id: string) =>
    (await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.authentication;

  it('rises with a challenge until the login succeeds (increase_failcounter_on_challenge)', async () => {
    const given = await givenPolicy({ increase_failcounter_on_challenge: true });
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    assert.equal((await tokenOf(given, phone.serial)).failcount, 1);
    await phone.answer(nonce);
    assert.equal(await finish(given, id), 'ACCEPT');
    const { failcount, info } = await tokenOf(given, phone.serial);
    assert.deepEqual([failcount, info.count_auth_success], [0, '1']);
  });

  it('ends the use of a token after as many logins as its info says (count_auth_success_max)', async () => {
    const given = await givenGateway(undo);
    const { client, admin } = given;
    const phone = await given.phoneOf('alice');
    const limit = (value: string) => client.post(`/token/info/${phone.serial}/count_auth_success_max`, { value }, admin);
    assert.equal((await limit('many')).body.result.error?.code, 905);
    assert.equal((await limit('1')).status, 200);
    // given the one login that there may be
    const { id, nonce } = await given.challenge('alice', phone);
    await phone.answer(nonce);
    assert.equal(await finish(given, id), 'ACCEPT');
    assert.equal((await tokenOf(given, phone.serial)).info.count_auth_success_max, '1');
    // then no phone is asked, until another login is allowed
    const said = async () => (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body;
    assert.equal((await said()).detail.message, 'Authentication counter exceeded');
    await limit('2');
    assert.equal((await said()).result.authentication, 'CHALLENGE');
  });

  for (const [isOn, left] of [
    [true, 0],
    [false, 1],
  ] as const) {
    it(`is ${isOn ? 'cleared' : 'kept'} on the user's other tokens by a login (reset_all_user_tokens: ${isOn})`, async () => {
      // given two tokens with one failure each
      const given = await givenPolicy({ reset_all_user_tokens: isOn });
      const phone = await given.phoneOf('alice');
      const other = await given.phoneOf('alice', { pin: 'another' });
      await given.client.post('/validate/check', { user: 'alice', pass: 'wrong' });
      // when alice logs in with the first
      const { id, nonce } = await given.challenge('alice', phone);
      await phone.answer(nonce);
      assert.equal(await finish(given, id), 'ACCEPT');
      assert.equal((await tokenOf(given, phone.serial)).failcount, 0);
      assert.equal((await tokenOf(given, other.serial)).failcount, left);
    });
  }

  describe('at its maximum', () => {
    const settings = { DefaultMaxFailCount: 2, failcounter_clear_timeout: 10 };
    const says = async ({ client }: GivenGateway, pass: string) =>
      (await client.post('/validate/check', { user: 'alice', pass })).body.detail.message;
    /** Alice with two wrong PINs, the second one minute after the first. */
    const givenLocked = async (more: object = {}): Promise<{ given: GivenGateway; serial: string }> => {
      const given = await givenGateway(undo, { settings: { ...settings, ...more } });
      const { serial } = await given.phoneOf('alice');
      await says(given, 'wrong');
      given.clock.advance(minutes(1));
      await says(given, 'wrong');
      return { given, serial };
    };

    it('is cleared after some minutes (failcounter_clear_timeout)', async () => {
      const { given, serial } = await givenLocked();
      const at = given.clock();
      const shown = new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00');
      assert.equal((await tokenOf(given, serial)).info.failcounter_exceeded, shown);
      // tries meanwhile do not extend it
      given.clock.advance(minutes(10) - 1);
      assert.equal(await says(given, '1234'), 'Failcounter exceeded');
      given.clock.advance(1);
      // then a wrong PIN is the first failure of a new count
      assert.equal(await says(given, 'wrong'), 'wrong otp pin');
      const { failcount, info } = await tokenOf(given, serial);
      assert.deepEqual([failcount, info.failcounter_exceeded], [1, undefined]);
      assert.equal(await says(given, 'wrong'), 'wrong otp pin');
      assert.equal(await says(given, '1234'), 'Failcounter exceeded');
    });

    it('allows a burst of guesses no more than the maximum after that', async () => {
      const { given } = await givenLocked();
      given.clock.advance(minutes(10));
      const said = await Promise.all(Array.from({ length: 8 }, () => says(given, 'wrong')));
      assert.equal(said.filter((message) => message === 'wrong otp pin').length, 2);
    });

    it('allows the right PIN and an administrator again after that', async () => {
      const { given } = await givenLocked();
      const trigger = async () => (await given.client.post('/validate/triggerchallenge', { user: 'alice' }, given.admin)).body.result.value;
      assert.equal(await trigger(), 0);
      given.clock.advance(minutes(10));
      assert.equal(await trigger(), 1);
      assert.match(await says(given, '1234'), /confirm/i);
    });

    it('stays until a reset where no time is set', async () => {
      const { given, serial } = await givenLocked({ failcounter_clear_timeout: 0 });
      given.clock.advance(minutes(100_000));
      assert.equal(await says(given, '1234'), 'Failcounter exceeded');
      const admin = await given.client.login('admin', given.gateway.firstPassword ?? '');
      await given.client.post('/token/reset', { serial }, admin);
      const { body } = await given.client.get('/token/', { serial }, admin);
      const [{ failcount, info }] = body.result.value.tokens;
      assert.deepEqual([failcount, info.failcounter_exceeded], [0, undefined]);
    });
  });

  it('does not rise where wrong PINs do not count (IncFailCountOnFalsePin)', async () => {
    const given = await givenGateway(undo, { settings: { IncFailCountOnFalsePin: false } });
    const { serial } = await given.phoneOf('alice');
    await given.client.post('/validate/check', { user: 'alice', pass: 'wrong' });
    assert.equal((await tokenOf(given, serial)).failcount, 0);
  });
});
