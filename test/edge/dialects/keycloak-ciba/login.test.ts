import assert from 'node:assert/strict';
import { seconds } from '../../../kit/clock.ts';
import type { Keycloak } from '../../../kit/keycloak.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { givenShop } from './given.ts';

/** The callbacks so far: what was sent, and the status of the reply. */
const told = ({ callbacks }: Keycloak) => callbacks.map(({ sent, replied }) => `${sent} ${replied}`);

describe('A login of Keycloak (CIBA)', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The client has asked; returns how it polls for its tokens. */
  const asked = async (keycloak: Keycloak, form: Record<string, string> = {}) => {
    const reply = await keycloak.ask(form);
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return async () => {
      const { status, body } = await keycloak.poll(reply.body.auth_req_id);
      return status === 200 ? 'tokens' : body.error;
    };
  };

  it('is approved on the phone, which shows client, realm and message, and ends with tokens', async () => {
    const { keycloak, phone, shown, told: events, clock, ended, logged, client, admin } = await givenShop(undo);
    // given a client that asks Keycloak, which asks the gateway
    const poll = await asked(keycloak, { binding_message: 'W4SCT-42' });
    clock.advance(seconds(6));
    assert.equal(await poll(), 'authorization_pending');
    const [challenge] = await shown();
    assert.deepEqual(
      [challenge.title, challenge.question],
      ['shop', 'Approve this request?\nClient: Till 7\nRealm: shop\nMessage: W4SCT-42'],
    );
    // when the user approves
    assert.equal((await phone.answer(challenge.nonce)).body.result.value, true);
    await keycloak.calledBack();
    await ended();
    // then the client gets tokens, once, and the approval cannot be used again
    assert.deepEqual(told(keycloak), ['SUCCEED 200']);
    assert.equal(await poll(), 'tokens');
    assert.equal(await poll(), 'invalid_grant');
    assert.deepEqual([events('login-finished').length, events('result-delivered')[0]?.result], [1, 'approved']);
    // and nothing of the token, which could approve, is in the log or left in the store
    const signature = keycloak.callbacks[0]?.token.split('.')[2] ?? '';
    assert.ok(signature.length > 40 && !JSON.stringify(logged).includes(signature));
    const { messages } = JSON.parse(await (await fetch(`${client.url}/ops/outbox`, { headers: admin })).text());
    assert.deepEqual(messages, []);
  });

  it('is declined on the phone: the first answer is final, and the client is told at once', async () => {
    const { keycloak, phone, shown } = await givenShop(undo);
    const poll = await asked(keycloak);
    const [{ nonce, question }] = await shown();
    assert.match(question, /Message: \(none: nothing to compare\)/);
    await phone.answer(nonce, { decline: true });
    await keycloak.calledBack();
    await phone.answer(nonce);
    assert.deepEqual([told(keycloak), await poll()], [['CANCELLED 200'], 'access_denied']);
  });

  it('ends when nobody answers in time: before Keycloak itself ends it', async () => {
    const { keycloak, phone, shown, clock } = await givenShop(undo);
    const poll = await asked(keycloak);
    const [{ nonce }] = await shown();
    clock.advance(seconds(115));
    await keycloak.calledBack();
    assert.deepEqual([told(keycloak), await poll()], [['UNAUTHORIZED 200'], 'access_denied']);
    assert.equal((await phone.answer(nonce)).body.result.value, false);
  });

  it('ends by itself where the site wants that', async () => {
    const { keycloak, clock, ended } = await givenShop(undo, { entry: { reportTimeouts: false } });
    const poll = await asked(keycloak);
    clock.advance(seconds(121));
    await ended();
    assert.deepEqual([told(keycloak), await poll()], [[], 'expired_token']);
  });

  it('lives as long as its token, less five seconds', async () => {
    const { keycloak, shown, clock } = await givenShop(undo);
    await asked(keycloak, { expiry: '30' });
    assert.equal((await shown()).length, 1);
    clock.advance(seconds(25));
    await keycloak.calledBack();
    assert.deepEqual(told(keycloak), ['UNAUTHORIZED 200']);
  });

  it('is a number to pick when the client shows one, which the phone then does not show', async () => {
    const { keycloak, phone, shown } = await givenShop(undo);
    const poll = await asked(keycloak, { binding_message: '42' });
    const [{ nonce, question, require_presence: options }] = await shown();
    assert.equal(question, 'Pick the number that you were shown, if you asked for this.\nClient: Till 7\nRealm: shop');
    assert.equal(new Set(options.split(',')).size, 10);
    assert.ok(options.split(',').includes('42'));
    await phone.answer(nonce, { option: '42' });
    await keycloak.calledBack();
    assert.deepEqual([told(keycloak), await poll()], [['SUCCEED 200'], 'tokens']);
  });

  it('is denied after wrong numbers', async () => {
    const { keycloak, phone, shown } = await givenShop(undo);
    const poll = await asked(keycloak, { binding_message: '7' });
    const [{ nonce, require_presence: options }] = await shown();
    const wrong = options.split(',').filter((option: string) => option !== '7');
    for (const option of wrong.slice(0, 2)) await phone.answer(nonce, { option });
    await keycloak.calledBack();
    assert.deepEqual([told(keycloak), await poll()], [['UNAUTHORIZED 200'], 'access_denied']);
  });

  it('shows the scopes when the user consents to them', async () => {
    const { keycloak, shown } = await givenShop(undo);
    await asked(keycloak, { consent: 'true', scope: 'openid profile openid email', binding_message: 'A1' });
    const [{ question }] = await shown();
    assert.match(question, /\nAllows: openid profile email$/);
  });

  it('believes only Keycloak itself that no consent is needed', async () => {
    const { keycloak, shown } = await givenShop(undo);
    const body = `{"scope":"openid","binding_message":null,"login_hint":"alice","is_consent_required":true,"is_consent_required":"false"}`;
    assert.equal((await keycloak.send(keycloak.token(), body)).status, 201);
    assert.match((await shown())[0].question, /\nAllows: openid$/);
  });

  it('is one of two of the same user, each with its own end', async () => {
    const { keycloak, phone, shown } = await givenShop(undo);
    const [one, other] = [await asked(keycloak, { binding_message: 'ONE' }), await asked(keycloak, { binding_message: 'TWO' })];
    const challenges = await shown();
    const nonceOf = (message: string) => challenges.find(({ question }) => question.includes(message)).nonce;
    await phone.answer(nonceOf('TWO'));
    await keycloak.calledBack(1);
    await phone.answer(nonceOf('ONE'), { decline: true });
    await keycloak.calledBack(2);
    assert.deepEqual([await one(), await other()], ['access_denied', 'tokens']);
  });

  it('cannot be asked for twice: the same request changes nothing, another one with its token is refused', async () => {
    const { keycloak, shown } = await givenShop(undo);
    const token = keycloak.token();
    const body = { scope: 'openid', login_hint: 'alice', binding_message: 'A1' };
    assert.equal((await keycloak.send(token, body)).status, 201);
    assert.equal((await keycloak.send(token, body)).status, 201);
    assert.equal((await keycloak.send(token, { ...body, login_hint: 'bob' })).status, 409);
    assert.equal((await shown()).length, 1);
  });

  it('is of the user whom Keycloak named first for a subject', async () => {
    const { keycloak, phoneOf, shown, told: events, client, admin } = await givenShop(undo);
    await phoneOf('bob');
    // given alice, whose subject is known
    await asked(keycloak);
    const subject = keycloak.subjects.get('alice') ?? '';
    // when somebody on the way puts another name into the body of a request for alice
    const swapped = await keycloak.send(keycloak.token(), { scope: 'openid', login_hint: 'bob' });
    // then bob's phone is not asked
    assert.deepEqual([swapped.status, events('login-refused').at(-1)?.reason], [403, 'wrong-identity']);
    // and neither is it when alice is renamed in Keycloak
    keycloak.subjects.set('bob', subject);
    assert.equal((await keycloak.ask({ user: 'bob' })).status, 503);
    assert.equal((await shown()).length, 1);
    // until an administrator frees the identity
    const { identities } = JSON.parse(await (await fetch(`${client.url}/ops/identities?realm=corp`, { headers: admin })).text());
    assert.deepEqual(
      identities.map((each: { user: string; subject: string }) => [each.user, each.subject]),
      [['alice', subject]],
    );
    const free = () => fetch(`${client.url}/ops/identities/${identities[0].id}`, { method: 'DELETE', headers: admin });
    assert.deepEqual([(await free()).status, (await free()).status, events('identity-removed').length], [200, 404, 1]);
    assert.equal((await keycloak.ask({ user: 'bob' })).status, 200);
  });

  const refusals: [string, number, object, object][] = [
    ['has no phone', 404, { login_hint: 'nobody' }, {}],
    ['has the name of another user and a realm', 404, { login_hint: 'alice@corp' }, {}],
    ['is not named', 400, {}, {}],
    [
      'has only invisible characters to compare, where something is required',
      400,
      { login_hint: 'alice', binding_message: ' \u200b\u00ad' },
      { requireBindingMessage: true },
    ],
    [
      'has nothing to compare, where that is required',
      400,
      { login_hint: 'alice', binding_message: null },
      { requireBindingMessage: true },
    ],
  ];
  for (const [what, status, body, entry] of refusals)
    it(`is refused with ${status} when the user ${what}`, async () => {
      const { keycloak } = await givenShop(undo, { entry });
      assert.equal((await keycloak.send(keycloak.token(), { scope: 'openid', ...body })).status, status);
    });

  it('is refused with 413 when the body is too large, and with 400 when it is no JSON', async () => {
    const { keycloak } = await givenShop(undo);
    const long = { login_hint: 'alice', acr_values: 'x'.repeat(33_000) };
    assert.equal((await keycloak.send(keycloak.token(), long)).status, 413);
    assert.equal((await keycloak.send(keycloak.token(), { ...long, acr_values: '<'.repeat(3000) })).status, 201);
    assert.equal((await keycloak.send(keycloak.token(), 'user=alice')).status, 400);
  });

  it('looks the same for a user without a phone, where clients must not know', async () => {
    const { keycloak, clock } = await givenShop(undo, { entry: { notEnrolled: 'pretend' } });
    const poll = await asked(keycloak, { user: 'nobody' });
    clock.advance(seconds(20));
    await keycloak.calledBack();
    assert.deepEqual([told(keycloak), await poll()], [['UNAUTHORIZED 200'], 'access_denied']);
  });

  it('follows the rules for its auth server', async () => {
    const denied = { name: 'no CIBA', scope: 'authorization', match: { authServer: ['shop'] }, actions: { authorized: 'deny_access' } };
    const { keycloak, told: events } = await givenShop(undo, { policies: [denied] });
    assert.equal((await keycloak.send(keycloak.token(), { login_hint: 'alice' })).status, 403);
    assert.deepEqual(
      events('login-refused').map(({ reason }) => reason),
      ['denied'],
    );
  });
});

describe('The callback to Keycloak', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A login that the user has approved or declined, with this failure of the callback. */
  const answered = async (fault: Keycloak['callbackFault'], { decline = false } = {}) => {
    const shop = await givenShop(undo);
    shop.keycloak.callbackFault = fault;
    const reply = await shop.keycloak.ask({});
    const [{ nonce }] = await shop.shown();
    await shop.phone.answer(nonce, { decline });
    await shop.keycloak.calledBack();
    return { ...shop, poll: async () => (await shop.keycloak.poll(reply.body.auth_req_id)).body.error ?? 'tokens' };
  };
  const undelivered = async ({ ended, told: events }: Awaited<ReturnType<typeof answered>>) => {
    await ended();
    return events('result-undelivered').map(({ result, because, reason }) => `${result} ${because} ${reason}`);
  };

  for (const [fault, reason] of [
    ['reset', 'connection'],
    ['stored-then-reset', 'connection'],
    ['error', '500'],
  ] as const)
    it(`sends an approval once when it meets "${fault}", and says that nobody knows`, async () => {
      const shop = await answered(fault);
      assert.deepEqual(await undelivered(shop), [`approved unknown ${reason}`]);
      // when Keycloak is well again
      shop.keycloak.callbackFault = 'none';
      shop.clock.advance(seconds(20));
      // then nothing is sent, so that what Keycloak may have stays whole
      const [{ nonce }] = [await shop.keycloak.ask({}), ...(await shop.shown())].slice(1);
      await shop.phone.answer(nonce, { decline: true });
      await shop.keycloak.calledBack(2);
      assert.deepEqual(
        shop.keycloak.callbacks.map(({ sent }) => sent),
        ['SUCCEED', 'CANCELLED'],
      );
      assert.equal(await shop.poll(), fault === 'stored-then-reset' ? 'tokens' : 'authorization_pending');
    });

  it('repeats a denial, which does no harm', async () => {
    const shop = await answered('error', { decline: true });
    shop.keycloak.callbackFault = 'none';
    await shop.ended();
    shop.clock.advance(seconds(2));
    await shop.keycloak.calledBack(2);
    assert.deepEqual([told(shop.keycloak), await shop.poll()], [['CANCELLED 500', 'CANCELLED 200'], 'access_denied']);
  });

  it('takes a failed ping to the client for done', async () => {
    const shop = await answered('ping-fails');
    await shop.ended();
    assert.deepEqual([told(shop.keycloak), await shop.poll()], [['SUCCEED 400'], 'tokens']);
    shop.clock.advance(seconds(20));
    assert.deepEqual(shop.told('result-undelivered'), []);
  });

  it('is tried again while Keycloak cannot be reached: nothing was sent', async () => {
    const { keycloak, shown, phone, clock, ended, told: events } = await givenShop(undo);
    const reply = await keycloak.ask({});
    const [{ nonce }] = await shown();
    // given an outage when the user approves
    await keycloak.listen(false);
    await phone.answer(nonce);
    await ended();
    // when Keycloak is back
    await keycloak.listen(true);
    clock.advance(seconds(12));
    await keycloak.calledBack();
    assert.deepEqual(told(keycloak), ['SUCCEED 200']);
    assert.equal((await keycloak.poll(reply.body.auth_req_id)).status, 200);
    await ended();
    assert.deepEqual([events('result-delivered').length, events('result-undelivered').length], [1, 0]);
  });

  it('is tried again when Keycloak has not stored the request yet', async () => {
    const { keycloak, shown, phone, clock, ended } = await givenShop(undo);
    // given a Keycloak that is slow to store what the gateway has accepted
    const token = keycloak.token();
    await keycloak.send(token, { login_hint: 'alice' });
    const [{ nonce }] = await shown();
    await phone.answer(nonce, { decline: true });
    await keycloak.calledBack(1);
    await ended();
    // when it has stored it
    keycloak.store(token);
    clock.advance(seconds(1));
    await keycloak.calledBack(2);
    assert.deepEqual(told(keycloak), ['CANCELLED 403', 'CANCELLED 200']);
  });

  it('is given up when Keycloak does not know the request any more', async () => {
    const { keycloak, shown, phone, clock, told: events, ended } = await givenShop(undo);
    await keycloak.send(keycloak.token(), { login_hint: 'alice' });
    const [{ nonce }] = await shown();
    clock.advance(seconds(3));
    await phone.answer(nonce);
    await keycloak.calledBack(1);
    await ended();
    assert.deepEqual(
      events('result-undelivered').map(({ because, reason }) => `${because} ${reason}`),
      ['lost 403'],
    );
  });
});
