import assert from 'node:assert/strict';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('A login through the privacyIDEA dialect', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is accepted once: PIN, signed yes, finish; a replay is refused', async () => {
    // given alice with an enrolled phone
    const { client, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    // when she starts, the phone says yes, and the login page finishes twice
    const { id, nonce } = await challenge('alice', phone);
    const before = await client.get('/validate/polltransaction', { transaction_id: id });
    const answered = await phone.answer(nonce);
    const after = await client.get(`/validate/polltransaction/${id}`);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    const replay = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    // then every reply has the format of privacyIDEA
    assert.deepEqual(
      [before.body.result.value, before.body.result.authentication, before.body.detail.challenge_status],
      [false, 'REJECT', 'pending'],
    );
    assert.deepEqual(
      [answered.status, answered.body.result.value, answered.body.nonce, answered.body.detail],
      [200, true, nonce, undefined],
    );
    assert.deepEqual(
      [after.body.result.value, after.body.result.authentication, after.body.detail.challenge_status],
      [true, 'ACCEPT', 'accept'],
    );
    assert.deepEqual([finished.body.result.value, finished.body.result.authentication], [true, 'ACCEPT']);
    assert.equal(finished.body.detail.message, 'Found matching challenge');
    assert.equal(finished.body.detail.serial, phone.serial);
    assert.deepEqual(
      [replay.body.result.value, replay.body.result.authentication, replay.body.detail.message],
      [false, 'REJECT', 'wrong otp pin'],
    );
  });

  it('opens a challenge with all fields that clients read', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const { body, headers } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const text = 'Please confirm the authentication on your mobile device!';
    const entry = {
      attributes: { hideResponseInput: true },
      client_mode: 'poll',
      message: text,
      serial: phone.serial,
      transaction_id: body.detail.transaction_id,
      type: 'push',
    };
    const { threadid, ...detail } = body.detail;
    assert.deepEqual(detail, {
      ...entry,
      messages: [text],
      multi_challenge: [entry],
      preferred_client_mode: 'poll',
      transaction_ids: [entry.transaction_id],
    });
    assert.equal(typeof threadid, 'number');
    assert.match(body.detail.transaction_id, /^\d{20}$/);
    assert.deepEqual(body.result, { status: true, value: false, authentication: 'CHALLENGE' });
    assert.deepEqual([body.id, body.jsonrpc, body.version, body.versionnumber], [2, '2.0', 'privacyIDEA 3.14', '3.14']);
    assert.equal(headers.get('cache-control'), 'no-cache');
  });

  it('accepts the identical answer again, but no other one', async () => {
    const { phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const { nonce } = await challenge('alice', phone);
    const replies = [await phone.answer(nonce), await phone.answer(nonce), await phone.answer(nonce, { decline: true })];
    assert.deepEqual(
      replies.map(({ body }) => body.result.value),
      [true, true, false],
    );
  });

  for (const [reason, status] of [
    ['', 'declined'],
    ['unknown_trigger', 'declined'],
    ['cancelled', 'cancelled'],
    ['banana', 'declined'],
  ] as const) {
    it(`shows a decline${reason ? ` for "${reason}"` : ''} as ${status} and cannot be finished`, async () => {
      const { client, phoneOf, challenge } = await givenGateway(undo);
      const phone = await phoneOf('alice');
      const { id, nonce } = await challenge('alice', phone);
      const answered = await phone.answer(nonce, { decline: true, reason });
      const polled = await client.get('/validate/polltransaction', { transaction_id: id });
      const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.equal(answered.body.result.value, true);
      assert.deepEqual(
        [polled.body.result.value, polled.body.result.authentication, polled.body.detail.challenge_status],
        [false, 'DECLINED', status],
      );
      const { threadid, ...detail } = finished.body.detail;
      assert.deepEqual(detail, { message: 'Response did not match the challenge.', serial: phone.serial, type: 'push' });
      assert.deepEqual([finished.body.result.authentication, typeof threadid], ['REJECT', 'number']);
    });
  }

  it('asks all phones of a user under one transaction, and the first yes wins', async () => {
    // given bob with two phones
    const { client, phoneOf, challenge } = await givenGateway(undo);
    const [first, second] = [await phoneOf('bob'), await phoneOf('bob')];
    // when both are asked and the second one says yes
    const { id, nonce } = await challenge('bob', second);
    const pending = await client.post('/validate/check', { user: 'bob', pass: '', transaction_id: id });
    await second.answer(nonce);
    // then the first phone has no challenge left, and the login belongs to the second
    assert.equal(pending.body.detail.message, 'Response did not match for 2 tokens.');
    assert.deepEqual((await first.poll()).body.result.value, []);
    const finished = await client.post('/validate/check', { user: 'bob', pass: '', state: id });
    assert.equal(finished.body.detail.serial, second.serial);
  });

  it('expires: no answer after the validity, no finish after the grace', async () => {
    // given an unanswered challenge and one that was answered in time
    const { client, clock, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const late = await challenge('alice', phone);
    const good = await challenge('alice', phone);
    await phone.answer(good.nonce);
    // when the validity is over
    clock.advance(seconds(120));
    assert.equal((await phone.answer(late.nonce)).body.result.value, false);
    assert.equal((await client.get('/validate/polltransaction', { transaction_id: late.id })).body.detail.challenge_status, 'pending');
    assert.equal((await client.get('/validate/polltransaction', { transaction_id: good.id })).body.detail.challenge_status, 'accept');
    // then the accepted one may be finished until the grace ends, and not at its end
    clock.advance(minutes(5) - seconds(120));
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: good.id })).body.result.value, false);
  });

  it('counts wrong PINs, locks at the maximum, and a reset opens it again', async () => {
    const { client, admin, phoneOf, gateway } = await givenGateway(undo, { settings: { DefaultMaxFailCount: 3 } });
    const phone = await phoneOf('alice');
    const failures = async () => (await client.get('/token/', { serial: phone.serial }, admin)).body.result.value.tokens[0].failcount;
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const { body } = await client.post('/validate/check', { user: 'alice', pass: 'wrong' });
      assert.deepEqual([body.result.value, body.result.authentication, body.detail.message], [false, 'REJECT', 'wrong otp pin']);
    }
    assert.equal(await failures(), 3);
    // From then on right and wrong PINs get the same reply, so that further guesses are useless.
    for (const pass of ['1234', 'wrong'])
      assert.equal((await client.post('/validate/check', { user: 'alice', pass })).body.detail.message, 'Failcounter exceeded');
    assert.equal(await failures(), 3);
    assert.equal((await client.post(`/token/reset/${phone.serial}`, {}, admin)).body.result.value, 1);
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.result.authentication, 'CHALLENGE');
    await gateway.settled();
    assert.equal(await failures(), 0);
  });

  it('resets the fail count with an accepted login', async () => {
    const { client, admin, phoneOf, challenge, gateway } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    await client.post('/validate/check', { user: 'alice', pass: 'wrong' });
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    await gateway.settled();
    const [token] = (await client.get('/token/', { serial: phone.serial }, admin)).body.result.value.tokens;
    assert.deepEqual([token.failcount, token.count], [0, 1]);
  });

  it('never counts a second leg against the user, and never gives the reason of its refusal', async () => {
    const { client, clock, admin, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    await phoneOf('mallory');
    const { id, nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    const legs = [
      await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: '99999' }),
      await client.post('/validate/check', { user: 'alice', pass: 'x', transaction_id: '99999' }),
      await client.post('/validate/check', { user: 'mallory', pass: '', transaction_id: id }),
    ];
    clock.advance(minutes(10));
    legs.push(await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id }));
    for (const { body } of legs)
      assert.deepEqual([body.result.value, body.detail.message, body.result.authentication], [false, 'wrong otp pin', 'REJECT']);
    const { tokens } = (await client.get('/token/', {}, admin)).body.result.value;
    assert.deepEqual(
      tokens.map((token: { failcount: number }) => token.failcount),
      [0, 0],
    );
  });

  it('accepts a serial, and refuses a foreign serial', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    await phoneOf('bob');
    const bySerial = await client.post('/validate/check', { serial: phone.serial, pass: '1234' });
    await phone.answer((await phone.poll()).body.result.value[0].nonce);
    const finished = await client.post('/validate/check', {
      serial: phone.serial,
      pass: '',
      transaction_id: bySerial.body.detail.transaction_id,
    });
    const foreign = await client.post('/validate/check', { user: 'bob', serial: phone.serial, pass: '1234' });
    const unknown = await client.post('/validate/check', { serial: 'NOPE', pass: '1234' });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
    assert.deepEqual(
      [foreign.status, foreign.body.result.error],
      [400, { code: 905, message: 'ERR905: Given serial does not belong to given user!' }],
    );
    assert.deepEqual([unknown.status, unknown.body.result.error], [404, { code: 601, message: 'The requested token could not be found.' }]);
  });

  it('reports errors of the user as privacyIDEA does', async () => {
    const { client, admin, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const check = async (form: Record<string, string>) => (await client.post('/validate/check', form)).body;
    assert.equal((await check({ user: 'nobody', pass: 'x' })).detail.message, 'The user has no tokens assigned');
    assert.deepEqual((await check({ pass: 'x' })).result.error, {
      code: 905,
      message: 'ERR905: You need to specify a serial, user or credential_id.',
    });
    assert.equal((await check({ user: 'alice', realm: 'norealm', pass: 'x' })).result.error?.code, 904);
    assert.equal((await check({ user: 'alice' })).detail.message, 'wrong otp pin');
    await client.post(`/token/disable/${phone.serial}`, {}, admin);
    assert.equal((await check({ user: 'alice', pass: '1234' })).detail.message, 'No suitable token found for authentication.');
  });

  it('finds users by realm, with @ and with a backslash', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    await phoneOf('carol', { realm: 'guests' });
    for (const form of [
      { user: 'carol', realm: 'guests' },
      { user: 'carol@guests' },
      { user: 'guests\\carol' },
      { user: 'carol@guests', realm: 'guests' },
      { user: 'carol@corp', realm: 'guests' },
      { user: 'corp\\carol', realm: 'GUESTS' },
    ]) {
      assert.equal(
        (await client.post('/validate/check', { ...form, pass: '1234' })).body.result.authentication,
        'CHALLENGE',
        JSON.stringify(form),
      );
    }
    assert.equal(
      (await client.post('/validate/check', { user: 'carol', pass: '1234' })).body.detail.message,
      'The user has no tokens assigned',
    );
  });

  it('is triggered without a PIN by an administrator', async () => {
    const { client, admin, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const triggered = await client.post('/validate/triggerchallenge', { user: 'alice' }, admin);
    const piHeader = await client.post(
      '/validate/triggerchallenge',
      { serial: phone.serial },
      { 'PI-Authorization': admin.authorization ?? '' },
    );
    const nobody = await client.post('/validate/triggerchallenge', { user: 'nobody' }, admin);
    assert.deepEqual([triggered.body.result.value, triggered.body.result.authentication], [1, 'CHALLENGE']);
    assert.equal(piHeader.body.result.value, 1);
    assert.deepEqual([nobody.body.result.value, nobody.body.result.authentication], [0, 'REJECT']);
    assert.deepEqual({ ...nobody.body.detail, threadid: 0 }, { messages: [], multi_challenge: [], transaction_ids: [], threadid: 0 });
  });

  it('uses the texts of the policies, and moves a phone to a new URL', async () => {
    const policies = [
      {
        name: 'texts',
        scope: 'authentication',
        match: { user: ['alice'] },
        actions: {
          push_title_on_mobile: 'ACME',
          push_text_on_mobile: 'VPN?',
          push_challenge_text: 'Look at your phone',
          push_validity_seconds: 30,
        },
      },
      {
        name: 'moved',
        scope: 'enrollment',
        match: { authServer: ['local'], user: ['alice'] },
        actions: { push_registration_url: 'https://new.example.com/ttype/push' },
      },
    ];
    const { client, clock, phoneOf } = await givenGateway(undo, { policies });
    const phone = await phoneOf('alice');
    const { body } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const [shown] = (await phone.poll()).body.result.value;
    assert.equal(body.detail.message, 'Look at your phone');
    assert.deepEqual([shown.title, shown.question, shown.url], ['ACME', 'VPN?', 'https://new.example.com/ttype/push']);
    clock.advance(seconds(30));
    assert.equal((await phone.answer(shown.nonce)).body.result.value, false);
  });
});
