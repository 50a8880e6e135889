import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { awaitsActivation, isUsable } from '../../../../src/engine/index.ts';
import { minutes, seconds } from '../../../kit/clock.ts';
import { givenLinotp, linotpTestPhone, tester } from '../../../kit/linotp.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { readVectors } from '../../../kit/vectors.ts';

type Transcripts = {
  server_transcripts: {
    events: {
      label: string;
      request: { path: string; params: Record<string, string> };
      status: number;
      content_type: string;
      response: { versionNumber?: string };
    }[];
  };
};

const serial = 'KIPT0000A1B2';
const otherSeed = () => randomBytes(32).toString('base64');

describe('A phone of LinOTP', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenPaired = async () => {
    const given = await givenLinotp(undo);
    const phone = linotpTestPhone(await given.offer(serial));
    const pair = (over = {}) => given.post('pair', { pairing_response: phone.pairing(over) });
    assert.equal((await pair()).body.result.status, true);
    return { ...given, phone, pair };
  };
  const givenActive = async () => {
    const given = await givenLinotp(undo);
    return { ...given, phone: await given.activePhone(serial) };
  };

  it('pairs, proves its key, and gets challenges from then on', async () => {
    // given an offered token
    const { offer, post, ask, token, stateOf, clock } = await givenLinotp(undo);
    const phone = linotpTestPhone(await offer(serial));
    assert.equal((await token(serial)).rollout, 'offered');
    // when its phone pairs
    const paired = await post('pair', { pairing_response: phone.pairing() });
    // then LinOTP's way of saying yes comes back, and the token waits for a proof
    assert.deepEqual([paired.status, paired.body.id, paired.body.result], [200, 1, { status: true, value: false }]);
    const { rollout, enabled, addresses } = await token(serial);
    assert.deepEqual([awaitsActivation(await token(serial), clock()), isUsable(await token(serial), clock())], [true, false]);
    assert.deepEqual([rollout, enabled, addresses.map(({ kind, value }) => [kind, value])], ['paired', false, [['gda', 'DEADBEEF']]]);
    // when it is asked for the proof
    const activation = await ask([serial], { kind: 'activation' });
    assert.equal((await token(serial)).rollout, 'activating');
    assert.deepEqual(phone.read(activation).ask, { kind: 'pairing', serial });
    const accepted = await post('accept_transaction', phone.answer(activation, 'ACCEPT'));
    // then the token is active when the phone hears of it
    assert.deepEqual([accepted.body.id, accepted.body.result], [1, { status: true, value: true }]);
    assert.deepEqual([(await token(serial)).rollout, (await token(serial)).enabled], ['enrolled', true]);
    assert.deepEqual([awaitsActivation(await token(serial), clock()), isUsable(await token(serial), clock())], [false, true]);
    // and a login is accepted, another denied
    const login = await ask([serial]);
    assert.deepEqual(phone.read(login).ask, { kind: 'signreq', message: 'Log in?' });
    assert.equal((await post('accept_transaction', phone.answer(login, 'ACCEPT'))).body.result.value, true);
    assert.equal(await stateOf(login), 'accepted');
    const second = await ask([serial]);
    assert.equal((await post('reject_transaction', phone.answer(second, 'DENY'))).body.result.value, true);
    assert.equal(await stateOf(second), 'declined');
  });

  it('is not activated by a decline, and may get another challenge', async () => {
    const { ask, post, phone, token } = await givenPaired();
    const denied = await ask([serial], { kind: 'activation' });
    assert.equal((await post('reject_transaction', phone.answer(denied, 'DENY'))).body.result.value, true);
    assert.deepEqual([(await token(serial)).rollout, (await token(serial)).enabled], ['activating', false]);
    const again = await ask([serial], { kind: 'activation' });
    assert.equal((await post('accept_transaction', phone.answer(again, 'ACCEPT'))).body.result.value, true);
    assert.equal((await token(serial)).rollout, 'enrolled');
  });

  it('gets no login before it has proven its key', async () => {
    const { ask, post, phone, stateOf } = await givenPaired();
    const login = await ask([serial]);
    assert.equal((await post('accept_transaction', phone.answer(login, 'ACCEPT'))).body.result.value, false);
    assert.equal(await stateOf(login), 'open');
  });

  it('gets no accept for the same answer again, and changes nothing by another one', async () => {
    const { ask, post, phone, stateOf } = await givenActive();
    const login = await ask([serial]);
    const accept = phone.answer(login, 'ACCEPT');
    const values = [];
    for (const [call, form] of [
      ['accept_transaction', accept],
      ['accept_transaction', accept],
      ['reject_transaction', phone.answer(login, 'DENY')],
    ] as const)
      values.push((await post(call, form)).body.result.value);
    assert.deepEqual(values, [true, false, false]);
    assert.equal(await stateOf(login), 'accepted');
  });

  it('has its answer accepted once, however many copies come at the same moment', async () => {
    const { ask, post, phone } = await givenActive();
    const form = phone.answer(await ask([serial]), 'ACCEPT');
    const replies = await Promise.all(Array.from({ length: 8 }, () => post('accept_transaction', form)));
    assert.equal(replies.filter(({ body }) => body.result.value === true).length, 1);
  });

  it('gets another number where the requested one is in use', async () => {
    const { ask, phone } = await givenActive();
    const names = ['41227575594942494', '41227575594942494', '52338686605053505'];
    const naming = () => {
      const name = names.shift() ?? '';
      return { foreignId: name, handles: [name] };
    };
    const logins = [await ask([serial], { naming }), await ask([serial], { naming })];
    assert.deepEqual(
      logins.map((login) => [login.foreignId, phone.read(login).transactionId]),
      [
        ['41227575594942494', '41227575594942494'],
        ['52338686605053505', '52338686605053505'],
      ],
    );
  });

  it('gets exactly the recorded replies to invalid requests', async () => {
    const labels = [
      'pair without parameter',
      'pair malformed',
      'pair unknown serial',
      'accept without signature',
      'accept without transactionid',
    ];
    const recorded = readVectors<Transcripts>('linotp.json').server_transcripts.events;
    const linotpVersion = recorded.find(({ response }) => response.versionNumber)?.response.versionNumber;
    const { post } = await givenLinotp(undo, { settings: { linotpVersion } });
    for (const label of [...labels, 'accept unknown transaction', 'bad reject by a stranger']) {
      const { request, status, content_type, response } = recorded.find((event) => event.label === label) ?? assert.fail(label);
      const reply = await post(request.path.replace('/validate/', ''), request.params);
      assert.deepEqual([reply.status, reply.type, reply.body], [status, content_type, response], label);
    }
  });

  it('is refused after the time limit', async () => {
    const { ask, post, phone, clock } = await givenActive();
    const login = await ask([serial]);
    clock.advance(seconds(120));
    assert.equal((await post('accept_transaction', phone.answer(login, 'ACCEPT'))).body.result.value, false);
  });

  it('can answer after any number of wrong signatures, which count only against their source address', async () => {
    const { ask, post, phone, token, stateOf } = await givenActive();
    const login = await ask([serial]);
    const { transactionid, signature } = phone.answer(login, 'ACCEPT');
    const wrong = ['AAAA', '', signature.slice(2), phone.answer(login, 'DENY').signature, '!'.repeat(86)];
    for (const each of wrong) assert.equal((await post('accept_transaction', { transactionid, signature: each })).body.result.value, false);
    assert.deepEqual([await stateOf(login), (await token(serial)).failCount], ['open', 0]);
    assert.equal((await post('accept_transaction', { transactionid, signature })).body.result.value, true);
  });

  it('can answer when one source address, even its own, has sent a hundred wrong signatures', async () => {
    const { ask, post, phone, token } = await givenActive();
    const spoilt = await ask([serial]);
    const { transactionid } = phone.answer(spoilt, 'ACCEPT');
    for (let time = 0; time < 100; time += 1) await post('accept_transaction', { transactionid, signature: 'AAAA' });
    assert.equal((await post('accept_transaction', { transactionid, signature: 'AAAA' })).body.result.value, false);
    assert.equal((await post('accept_transaction', phone.answer(spoilt, 'ACCEPT'))).body.result.value, true);
    assert.equal((await token(serial)).failCount, 0);
  });

  it('may send a new address while it is active, and a replay of the old message has no effect', async () => {
    const { post, phone, token } = await givenActive();
    const address = async () => (await token(serial)).addresses.map(({ value }) => value);
    const first = phone.pairing({ gda: 'one' });
    const second = phone.pairing({ gda: 'two' });
    const pair = async (pairing_response: string) => (await post('pair', { pairing_response })).body.result.status;
    assert.deepEqual([await pair(first), await address()], [true, ['one']]);
    assert.deepEqual([await pair(first), await address()], [true, ['one']], 'the reply may have been lost');
    assert.deepEqual([await pair(second), await address()], [true, ['two']]);
    assert.deepEqual([await pair(first), await address()], [false, ['two']]);
    // X25519 ignores the highest bit of a key, and base64 has more than one way to write it
    const rewritten = Buffer.from(first, 'base64url');
    rewritten[36] = (rewritten[36] ?? 0) ^ 0x80;
    for (const text of [rewritten.toString('base64url'), `${first}==`])
      assert.deepEqual([await pair(text), await address()], [false, ['two']]);
    assert.deepEqual([await pair(phone.pairing({ gda: 'three', seed: otherSeed() })), await address()], [false, ['two']], 'another key');
    assert.equal((await token(serial)).rollout, 'enrolled');
  });

  it('cannot be replaced by a phone that does not know its address', async () => {
    const { pair, post, ask, phone, token } = await givenPaired();
    assert.equal((await pair({ gda: 'stranger', seed: otherSeed() })).body.result.status, false);
    assert.equal((await pair({ gda: '', seed: otherSeed() })).body.result.status, false);
    // the phone itself may come again, with a new key even, until it has proven one
    const activation = await ask([serial], { kind: 'activation' });
    assert.equal((await pair({ tokenId: 8, seed: otherSeed() })).body.result.status, true);
    assert.deepEqual([(await token(serial)).rollout, (await token(serial)).phone.part.tokenId], ['paired', '8']);
    assert.equal((await post('accept_transaction', phone.answer(activation, 'ACCEPT'))).body.result.value, false);
  });

  it('is not bound by a message that was used for an earlier offer', async () => {
    const { engine, token, post, phone } = await givenPaired();
    const pairing_response = phone.pairing();
    await post('pair', { pairing_response });
    const offer = { url: 'https://x.example/validate/pair', lifeMs: minutes(1), sslVerify: true, pollOnly: false, extras: {} };
    const renewed = await engine.administration(tester).renew(await token(serial), {
      provider: 'poll',
      mount: '/',
      offer: { ...offer, label: () => '', issuer: () => '' },
    });
    assert.ok(renewed.ok);
    assert.equal((await post('pair', { pairing_response })).body.result.status, false);
    assert.equal((await token(serial)).rollout, 'offered');
  });

  it('cannot pair with an expired offer or under an unknown serial', async () => {
    const { offer, post, clock } = await givenLinotp(undo);
    const phone = linotpTestPhone(await offer(serial, { lifeMs: minutes(10) }));
    const unknown = { ...(await post('pair', { pairing_response: phone.pairing({ serial: 'NOPE' }) })).body };
    assert.deepEqual([unknown.id, unknown.result], [0, { status: false, value: false }]);
    clock.advance(minutes(10));
    assert.equal((await post('pair', { pairing_response: phone.pairing() })).body.result.status, false);
  });

  it('cannot find offered push tokens by trying serials', async () => {
    // given an offered push token, an active one, and a stranger who has tried unknown serials
    const { offer, post, activePhone, logged, clock } = await givenLinotp(undo, { settings: { sourceFailures: 3 } });
    const active = await activePhone('KIPT0000ACTIVE');
    const phone = linotpTestPhone(await offer(serial));
    const pair = async (pairing_response: string) => (await post('pair', { pairing_response })).body.result.status;
    for (const name of ['KIPT1', 'KIPT2', 'KIPT3', 'KIPT4']) assert.equal(await pair(phone.pairing({ serial: name })), false);
    // when the right serial comes from the same network
    const tried = await pair(phone.pairing());
    // then the stranger is refused for every serial, a paired phone can continue, and the offer stays valid
    assert.deepEqual([tried, await pair(active.pairing({ gda: 'moved' }))], [false, true]);
    const limited = logged.map((line) => JSON.parse(line)).filter(({ event }) => event === 'source-limited');
    assert.deepEqual(
      limited.map(({ scope, source }) => [scope, source]),
      [['pairing', '127.0.0.1']],
    );
    clock.advance(minutes(11));
    assert.equal(await pair(phone.pairing()), true);
  });

  it('may prove its key after the offer has expired, when no other phone can pair any more', async () => {
    const { offer, post, ask, token, clock } = await givenLinotp(undo);
    const phone = linotpTestPhone(await offer(serial, { lifeMs: minutes(10) }));
    assert.equal((await post('pair', { pairing_response: phone.pairing() })).body.result.status, true);
    clock.advance(minutes(10));
    assert.equal((await post('pair', { pairing_response: phone.pairing({ seed: otherSeed() }) })).body.result.status, false);
    const activation = await ask([serial], { kind: 'activation' });
    assert.equal((await post('accept_transaction', phone.answer(activation, 'ACCEPT'))).body.result.value, true);
    assert.equal((await token(serial)).rollout, 'enrolled');
  });

  it('closes the challenges of other phones with its answer, and may name the whole transaction instead of its part', async () => {
    const { ask, post, activePhone, store } = await givenLinotp(undo);
    const phones = [await activePhone('KIPT01'), await activePhone('KIPT02')];
    const children = (parent: string) => ({ naming: () => ({ foreignId: parent, handles: [`${parent}.01`, `${parent}.02`] }) });
    // given one transaction for both, under a name that the dialect chose
    const login = await ask(['KIPT01', 'KIPT02'], children('78897613946485'));
    assert.deepEqual(
      phones.map((phone) => phone.read(login).transactionId),
      ['78897613946485.01', '78897613946485.02'],
    );
    assert.equal((await store.findByForeignId('linotp', 'vpn', '78897613946485'))?.id, login.id);
    // when the second answers under the name of the whole
    const [first, second] = phones;
    assert.ok(first && second);
    const form = { ...second.answer(login, 'ACCEPT'), transactionid: '78897613946485' };
    assert.equal(
      (await post('accept_transaction', { ...form, transactionid: '78897613946485.01' })).body.result.value,
      false,
      "not the first's",
    );
    assert.equal((await post('accept_transaction', form)).body.result.value, true);
    // then the first is too late, and so it is after a denial
    assert.equal((await post('accept_transaction', first.answer(login, 'ACCEPT'))).body.result.value, false);
    const denied = await ask(['KIPT01', 'KIPT02'], children('28330992901810'));
    assert.equal((await post('reject_transaction', first.answer(denied, 'DENY'))).body.result.value, true);
    assert.equal((await post('accept_transaction', second.answer(denied, 'ACCEPT'))).body.result.value, false);
  });

  it('shows user and auth server of a login, and a text that is too long only where it may be truncated', async () => {
    const { ask, activePhone } = await givenLinotp(undo);
    const phone = await activePhone(serial);
    const shown = async (prompt: Parameters<typeof ask>[1]) => phone.read(await ask([serial], prompt)).ask;
    assert.deepEqual(await shown({ prompt: { title: 'dc1.example', question: 'root', shape: 'login' } }), {
      kind: 'login',
      login: 'root',
      host: 'dc1.example',
    });
    const long = 'ü'.repeat(300);
    assert.deepEqual(await shown({ prompt: { title: '', question: long } }), { kind: 'signreq', message: 'ü'.repeat(255) });
    await assert.rejects(shown({ prompt: { title: '', question: long, isExact: true } }), { code: 'config-invalid' });
    await assert.rejects(shown({ prompt: { title: '', question: 'a\0b' } }), { code: 'config-invalid' });
  });

  it('gets the URL for answers from a policy, or else beside the URL of its pairing', async () => {
    const policies = [
      { name: 'answers', match: { client: ['10.0.0.0/8'] }, actions: { pushtoken_challenge_callback_url: 'https://mfa.example/validate' } },
    ];
    const { ask, activePhone, url } = await givenLinotp(undo, { policies });
    const phone = await activePhone(serial);
    assert.equal(phone.read(await ask([serial])).callbackUrl, `${url}/validate/accept_transaction`);
    const asker = { authServer: 'vpn', dialect: 'linotp', client: '10.1.1.1', userAgent: '' };
    assert.equal(phone.read(await ask([serial], { asker })).callbackUrl, 'https://mfa.example/validate');
  });

  it('can answer a login that a client of privacyIDEA started', async () => {
    const { activePhone, url, store, clock, post, engine } = await givenLinotp(undo);
    const phone = await activePhone(serial, { user: 'alice', realm: 'corp', resolver: '' });
    await engine.administration(tester).setPin(await engine.people.tokensOf({ user: 'alice', realm: 'corp' }), '1234');
    const started = await fetch(`${url}/pi/validate/check`, { method: 'POST', body: new URLSearchParams({ user: 'alice', pass: '1234' }) });
    const { detail } = (await started.json()) as { detail: { transaction_id: string; serial: string } };
    const transaction = await store.findTransaction(detail.transaction_id);
    assert.ok(transaction && transaction.decision.answerUntil > clock());
    assert.match(phone.read(transaction).transactionId, /^[1-9]\d{16}$/);
    assert.equal((await post('accept_transaction', phone.answer(transaction, 'ACCEPT'))).body.result.value, true);
    const second = new URLSearchParams({ user: 'alice', pass: '', transaction_id: detail.transaction_id });
    const finished = await fetch(`${url}/pi/validate/check`, { method: 'POST', body: second });
    assert.equal(((await finished.json()) as { result: { authentication: string } }).result.authentication, 'ACCEPT');
  });
});
