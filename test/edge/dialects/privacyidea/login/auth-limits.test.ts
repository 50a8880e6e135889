import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Policies that limit how often a user logs in', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const ignoring = { realms: [{ name: 'corp', default: true, ignoreCase: true }] };
  const givenLimit = (actions: object, more: object = {}): Promise<GivenGateway> =>
    givenGateway(undo, {
      policies: [{ name: 'limit', scope: 'authorization', match: { user: ['alice'] }, actions }],
      more: ignoring,
      ...more,
    });
  const check = async ({ client }: GivenGateway, wish: Record<string, string>) => (await client.post('/validate/check', wish)).body;
  const finish = async (given: GivenGateway, id: string) => check(given, { user: 'Alice', pass: '', transaction_id: id });
  const logIn = async (given: GivenGateway, phone: PiPhone): Promise<string | undefined> => {
    const { id, nonce } = await given.challenge('alice', phone);
    await phone.answer(nonce);
    return (await finish(given, id)).result.authentication;
  };

  it('refuse a login beyond the limit before anything is sent, until the window ends (auth_max_success)', async () => {
    const given = await givenLimit({ auth_max_success: '2/5m' });
    const phone = await given.phoneOf('alice');
    // given as many logins as there may be
    assert.deepEqual([await logIn(given, phone), await logIn(given, phone)], ['ACCEPT', 'ACCEPT']);
    // when alice comes again, in other letters, which her realm ignores
    const { result, detail } = await check(given, { user: 'ALICE', pass: '1234' });
    assert.deepEqual([result.value, detail.message], [false, 'Only 2 successful authentications per 0:05:00']);
    const triggered = (await given.client.post('/validate/triggerchallenge', { user: 'alice' }, given.admin)).body;
    assert.deepEqual([triggered.result.value, triggered.detail.message], [0, 'Only 2 successful authentications per 0:05:00']);
    assert.deepEqual((await phone.poll()).body.result.value, []);
    // then others go on, and she does when the window is over
    const bob = await given.phoneOf('bob');
    await given.challenge('bob', bob);
    given.clock.advance(minutes(5));
    assert.equal(await logIn(given, phone), 'ACCEPT');
  });

  it('refuse the excess one of two logins that began together', async () => {
    const given = await givenLimit({ auth_max_success: '1/1d' });
    const phone = await given.phoneOf('alice');
    const begun = [await given.challenge('alice', phone), await given.challenge('alice', phone)];
    for (const { nonce } of begun) await phone.answer(nonce);
    const ends = await Promise.all(begun.map(({ id }) => finish(given, id)));
    const refused = ends.filter(({ result }) => !result.value);
    assert.deepEqual(
      refused.map(({ detail }) => detail.message),
      ['Only 1 successful authentications per 1 day, 0:00:00'],
    );
  });

  it('check no PIN after the limit of failures (auth_max_fail)', async () => {
    const given = await givenLimit({ auth_max_fail: '2/30s' });
    const phone = await given.phoneOf('alice');
    for (const _ of [1, 2]) assert.equal((await check(given, { user: 'alice', pass: 'typo' })).detail.message, 'wrong otp pin');
    // then the right PIN is refused, and another wrong one is not counted on the token
    for (const pass of ['1234', 'typo'])
      assert.equal((await check(given, { user: 'alice', pass })).detail.message, 'Only 2 failed authentications per 0:00:30');
    const { body } = await given.client.get('/token/', { serial: phone.serial }, given.admin);
    assert.equal(body.result.value.tokens[0].failcount, 2);
    given.clock.advance(seconds(30));
    assert.equal(await logIn(given, phone), 'ACCEPT');
  });

  it('count a wait that ends without a yes as a failure', async () => {
    const waiting = { name: 'wait', scope: 'authentication', actions: { push_wait: 60 } };
    const limit = { name: 'limit', scope: 'authorization', actions: { auth_max_fail: '1/1h' } };
    const given = await givenGateway(undo, { policies: [waiting, limit] });
    const phone = await given.phoneOf('alice');
    const login = check(given, { user: 'alice', pass: '1234' });
    for (let nonce: string | undefined; nonce === undefined; ) {
      nonce = (await phone.poll()).body.result.value[0]?.nonce;
      if (nonce !== undefined) await phone.answer(nonce, { decline: true });
    }
    assert.equal((await login).result.value, false);
    const { detail } = await check(given, { user: 'alice', pass: '1234' });
    assert.equal(detail.message, 'Only 1 failed authentications per 1:00:00');
  });

  it('exclude a token that was unused for long (last_auth)', async () => {
    const given = await givenLimit({ last_auth: '12h' });
    const phone = await given.phoneOf('alice');
    // given a login eleven hours after the token was made
    given.clock.advance(minutes(11 * 60));
    assert.equal(await logIn(given, phone), 'ACCEPT');
    await given.gateway.settled();
    // then the time begins anew with it
    given.clock.advance(minutes(12 * 60) - 1);
    await given.challenge('alice', phone);
    given.clock.advance(1);
    const { result, detail } = await check(given, { user: 'alice', pass: '1234' });
    assert.deepEqual([result.value, detail.message], [false, 'No suitable token found for authentication.']);
  });
});
