import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { minutes, seconds } from '../../../kit/clock.ts';
import { givenGateway } from '../../../kit/gateway.ts';
import { phoneKeys, piPhone } from '../../../kit/pi-phone.ts';
import { cleanup } from '../../../kit/temporary.ts';

const notWaiting = { code: 601, message: "No token with this serial number in the rollout state 'clientwait'." };

describe('A phone of the privacyIDEA app', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenOffer = async () => {
    const given = await givenGateway(undo);
    const { body } = await given.client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, given.admin);
    const { serial, enrollment_credential: credential } = body.detail;
    return { ...given, serial, credential, phone: piPhone(given.client, { serial, credential, clock: given.clock }) };
  };

  it('finishes its rollout and gets the server key as PKCS#1 in lines of 64', async () => {
    const { phone, serial } = await givenOffer();
    const { status, body } = await phone.rollout({ capabilities: '["decline_reason"]' });
    assert.equal(status, 200);
    assert.deepEqual(
      [body.id, body.result, body.detail.rollout_state, body.detail.serial],
      [1, { status: true, value: true }, 'enrolled', serial],
    );
    const lines: string[] = body.detail.public_key.split('\n');
    assert.ok(lines.slice(0, -1).every(({ length }) => length === 64) && (lines.at(-1)?.length ?? 65) <= 64);
    const key = createPublicKey({ key: Buffer.from(lines.join(''), 'base64'), format: 'der', type: 'pkcs1' });
    assert.equal(key.asymmetricKeyDetails?.modulusLength, 2048);
  });

  it('gets the same key again after a lost reply, for ten minutes and for the same phone key only', async () => {
    const { phone, clock, client, serial } = await givenOffer();
    const first = await phone.rollout();
    const again = await phone.rollout();
    const stranger = await piPhone(client, { serial, credential: 'ff'.repeat(20), clock }).rollout();
    clock.advance(minutes(10));
    const late = await phone.rollout();
    assert.equal(again.body.detail.public_key, first.body.detail.public_key);
    assert.deepEqual([stranger.status, stranger.body.result.error], [404, notWaiting]);
    assert.deepEqual([late.status, late.body.result.error], [404, notWaiting]);
  });

  it('finishes once when it sends the same rollout twice at the same moment', async () => {
    const { phone } = await givenOffer();
    const replies = await Promise.all(Array.from({ length: 8 }, () => phone.rollout()));
    assert.equal(new Set(replies.map(({ body }) => body.detail?.public_key)).size, 1);
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  });

  it('is refused with a wrong or missing credential, an unknown serial, an expired offer, or an invalid key', async () => {
    const { client, phone, clock, serial, credential } = await givenOffer();
    const pubkey = phoneKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const post = async (form: Record<string, string>) => {
      const { status, body } = await client.post('/ttype/push', { serial, fbtoken: 'x', pubkey, ...form });
      return [status, body.result.error?.code, body.result.error?.message];
    };
    assert.deepEqual(await post({ enrollment_credential: 'bad' }), [
      400,
      905,
      'ERR905: Invalid enrollment credential. You are not authorized to finalize this token.',
    ]);
    assert.deepEqual(await post({}), [400, 905, 'ERR905: Missing parameter: enrollment_credential']);
    assert.deepEqual(await post({ serial: 'NOPE', enrollment_credential: credential }), [404, 601, notWaiting.message]);
    const [status, code, message] = await post({ enrollment_credential: credential, pubkey: 'AAAA' });
    assert.deepEqual([status, code], [400, 905]);
    assert.match(String(message), /public key/);
    clock.advance(minutes(10));
    assert.deepEqual((await phone.rollout()).body.result.error, notWaiting);
  });

  it('is told which parameter is missing', async () => {
    const { client, serial } = await givenOffer();
    const message = async (form: Record<string, string>) => (await client.post('/ttype/push', form)).body.result.error?.message;
    assert.equal(await message({}), 'ERR905: Missing parameter: serial');
    assert.equal(await message({ serial }), 'ERR905: Missing parameters!');
    assert.equal(
      (await client.get('/ttype/nonsense', { serial })).body.result.error?.message,
      'ERR905: Invalid tokentype provided. ttype: nonsense',
    );
  });

  it('gets a new nonce of 160 bits with each challenge', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    for (let login = 0; login < 5; login += 1) await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const nonces: string[] = (await phone.poll()).body.result.value.map(({ nonce }: { nonce: string }) => nonce);
    assert.equal(new Set(nonces).size, 5);
    for (const nonce of nonces) assert.match(nonce, /^[A-Z2-7]{32}$/);
  });

  it('polls its challenges, with the same bytes each time', async () => {
    const { client, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    assert.deepEqual((await phone.poll()).body.result.value, []);
    await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const [first, second] = [await phone.poll(), await phone.poll()];
    assert.deepEqual(first.body.result.value, second.body.result.value);
    const [shown] = first.body.result.value;
    assert.deepEqual(Object.keys(shown).sort(), ['nonce', 'question', 'serial', 'signature', 'sslverify', 'title', 'url']);
    assert.deepEqual(
      [shown.question, shown.title, shown.sslverify, shown.url],
      ['Do you want to confirm the login?', 'privacyIDEA', '1', 'https://mfa.example.com/ttype/push'],
    );
    assert.match(shown.nonce, /^[A-Z2-7]{32}$/);
  });

  it('is refused a poll that is outside the time window, unsigned, unknown, or without parameters', async () => {
    const { client, clock, phoneOf } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const poll = async (timestamp: string, serial = phone.serial, signature = phone.sign(`${serial}|${timestamp}`)) =>
      (await client.get('/ttype/push', { serial, timestamp, signature })).body.result.error;
    const iso = (ms: number) => new Date(ms).toISOString();
    assert.equal(await poll(iso(clock() - seconds(60))), undefined);
    assert.match((await poll(iso(clock() - seconds(61))))?.message ?? '', /^ERR10: Timestamp .* not in valid range\.$/);
    assert.deepEqual(await poll('now'), { code: 10, message: 'ERR10: Could not parse timestamp now. ISO-Format required.' });
    const refusal = { code: 10, message: 'ERR10: Could not verify signature!' };
    assert.deepEqual(await poll(iso(clock()), 'NOPE'), refusal);
    assert.deepEqual(await poll(iso(clock()), phone.serial, 'not base32!'), refusal);
    assert.deepEqual((await client.get('/ttype/push', { serial: phone.serial, timestamp: iso(clock()) })).body.result.error, {
      code: 905,
      message: 'ERR905: Missing parameter: signature',
    });
  });

  it('may not poll where policy denies it, and the login reports that where no push was sent either', async () => {
    const policies = [{ name: 'no polling', scope: 'authentication', actions: { push_allow_polling: 'deny' } }];
    const { client, phoneOf } = await givenGateway(undo, { policies });
    const phone = await phoneOf('alice');
    const { status, body } = await phone.poll();
    assert.deepEqual([status, body.result.error], [403, { code: 303, message: 'Polling not allowed!' }]);
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '1234' })).status, 200);
  });

  it('gets no accept for a wrong, foreign or malformed signature, and the challenge stays open', async () => {
    const { client, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const other = await phoneOf('bob');
    const { nonce } = await challenge('alice', phone);
    const answer = async (signature: string, serial = phone.serial) => {
      const { status, body } = await client.post('/ttype/push', { serial, nonce, signature });
      return [status, body.result.value, body.nonce];
    };
    assert.deepEqual(await answer(phone.sign('something else')), [200, false, nonce]);
    assert.deepEqual(await answer('!!!'), [200, false, nonce]);
    assert.deepEqual(await answer(phone.sign(`${nonce}|${phone.serial}`).toLowerCase()), [200, false, nonce]);
    assert.deepEqual(await answer(phone.sign(`${nonce}|${other.serial}`), other.serial), [200, false, nonce]);
    const unknown = await client.post('/ttype/push', { serial: 'NOPE', nonce, signature: 'AAAA' });
    assert.deepEqual([unknown.status, unknown.body.result.error?.code, unknown.body.nonce], [404, 601, nonce]);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
  });

  it('signs its decline so that a change of other fields makes no yes of it', async () => {
    const { client, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    const signature = phone.sign(`${nonce}|${phone.serial}|decline`);
    for (const form of [{}, { presence_answer: 'decline' }, { decline: '0', presence_answer: 'decline' }]) {
      assert.equal((await client.post('/ttype/push', { serial: phone.serial, nonce, signature, ...form })).body.result.value, false);
    }
    assert.equal((await client.get('/validate/polltransaction', { transaction_id: id })).body.detail.challenge_status, 'pending');
  });

  describe('with a new address', () => {
    const iso = (ms: number) => new Date(ms).toISOString();
    const givenUpdates = async () => {
      const given = await givenGateway(undo);
      const phone = await given.phoneOf('alice');
      const update = async (timestamp: string, address = 'fcm:new', text = `${address}|${phone.serial}|${timestamp}`) => {
        const form = { serial: phone.serial, new_fb_token: address, timestamp, signature: phone.sign(text) };
        const { status, body } = await given.client.post('/ttype/push', form);
        return [status, body.result.value ?? body.result.error?.message, body.detail];
      };
      const told = () => given.logged.filter(({ event }) => event === 'address-told').length;
      return { ...given, update, told };
    };
    const taken = [200, true, undefined];
    const tooOld = (timestamp: string) => [400, `ERR10: Timestamp ${timestamp} not in valid range.`, null];

    it('must sign it within the time window', async () => {
      const { clock, update } = await givenUpdates();
      assert.deepEqual(await update(iso(clock() - minutes(5))), taken);
      assert.deepEqual(await update(iso(clock()), 'no_firebase_token'), taken);
      assert.deepEqual(await update(iso(clock()), 'x', 'else'), [400, 'ERR10: Could not verify signature!', null]);
      const late = iso(clock() - minutes(6));
      assert.deepEqual(await update(late), tooOld(late));
    });

    it('keeps it after a replay of an earlier update', async () => {
      // given two updates, a second apart
      const { clock, update, told } = await givenUpdates();
      const [first, second] = [iso(clock() - seconds(1)), iso(clock())];
      assert.deepEqual([await update(first, 'fcm:old'), await update(second, 'fcm:new')], [taken, taken]);
      // when the earlier update is sent again, or another one with the same timestamp
      const replies = [await update(first, 'fcm:old'), await update(second, 'fcm:other')];
      // then neither is taken, and a newer one is
      assert.deepEqual(replies, [tooOld(first), tooOld(second)]);
      assert.equal(told(), 2);
      clock.advance(1);
      assert.deepEqual(await update(iso(clock()), 'fcm:newer'), taken);
    });

    it('gets the first reply again after a lost one, and nothing changes', async () => {
      const { clock, update, told } = await givenUpdates();
      const replies = await Promise.all(Array.from({ length: 4 }, () => update(iso(clock()))));
      assert.deepEqual(replies, Array(4).fill(taken));
      assert.equal(told(), 1);
    });

    it('may have another clock after its push token was bound anew', async () => {
      // given an update of the old phone, whose clock was fast
      const { client, admin, clock, update, phoneOf } = await givenUpdates();
      assert.deepEqual(await update(iso(clock() + minutes(4))), taken);
      const phone = await phoneOf('bob');
      const tell = async (timestamp: string) =>
        (
          await client.post('/ttype/push', {
            serial: phone.serial,
            new_fb_token: 'fcm:b',
            timestamp,
            signature: phone.sign(`fcm:b|${phone.serial}|${timestamp}`),
          })
        ).status;
      assert.equal(await tell(iso(clock() + minutes(4))), 200);
      // when its push token is rolled over to another phone
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1', serial: phone.serial, rollover: '1' }, admin);
      await piPhone(client, { serial: phone.serial, credential: body.detail.enrollment_credential, clock }).rollout();
      // then the update of that one counts
      assert.equal(await tell(iso(clock())), 200);
    });
  });

  it('gets a retry time when its source is limited, and not the error of a finished rollout', async () => {
    // given an offer, and three wrong credentials for it
    const { client, admin, clock } = await givenGateway(undo, { settings: { sourceFailures: 3, sourceWindowMs: 60_000 } });
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
    const { serial, enrollment_credential: credential } = body.detail;
    for (let attempt = 0; attempt < 3; attempt += 1)
      assert.equal((await piPhone(client, { serial, credential: 'wrong', clock }).rollout()).body.result.error?.code, 905);
    // when one more comes, then it gets a retry time
    const more = await piPhone(client, { serial, credential: 'wrong', clock }).rollout();
    assert.deepEqual([more.status, more.headers.get('retry-after'), more.body.result.error?.code], [429, '60', 10]);
    // and the right one is still accepted
    assert.equal((await piPhone(client, { serial, credential, clock }).rollout()).status, 200);
  });

  it('is limited after too many wrong signatures, and no other phone at its address is', async () => {
    const { client, phoneOf, challenge } = await givenGateway(undo, { settings: { sourceFailures: 3, sourceWindowMs: 60_000 } });
    const phone = await phoneOf('alice');
    const { id, nonce } = await challenge('alice', phone);
    const wrong = (serial: string) => client.post('/ttype/push', { serial, nonce, signature: 'AAAA' });
    for (let attempt = 0; attempt < 3; attempt += 1) await wrong(phone.serial);
    const { status, headers } = await wrong(phone.serial);
    assert.deepEqual([status, headers.get('retry-after')], [429, '60']);
    assert.equal((await client.get('/validate/polltransaction', { transaction_id: id })).body.detail.challenge_status, 'pending');
    assert.equal((await wrong((await phoneOf('bob')).serial)).status, 200);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
  });
});
