import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { minutes, seconds } from '../../../../kit/clock.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import { givenEdumfa } from './edumfa-kit.ts';

describe('A mount with the flavour of eduMFA', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The message of a refusal, behind its status and number. */
  const refusal = ({ status, body }: { status: number; body: { result: { error?: { code: number; message: string } } } }): string =>
    `${status}/${body.result.error?.code} ${body.result.error?.message}`;

  it('enrols both types of token, and shows them with their own keys', async () => {
    const { init, edumfa, client, admin } = await givenEdumfa(undo);
    const edupush = await init();
    const legacy = await init({ type: 'push' });
    assert.match(edupush.body.detail.pushurl.value, /^edumfa-push:\/\/edumfa\/EDUP\w+\?.*&issuer=eduMFA&.*&sslverify=1$/);
    assert.match(legacy.body.detail.pushurl.value, /^otpauth:\/\/pipush\/PIPU\w+\?.*&issuer=eduMFA&.*&sslverify=1$/);
    assert.equal(legacy.body.detail.pushurl.description, 'URL for eduMFA Push Token');
    const list = async (from: typeof client, type: string) => (await from.get('/token/', { type }, admin)).body.result.value;
    const [own, other] = [await list(edumfa, 'edupush'), await list(client, 'edupush')];
    assert.deepEqual([own.count, own.current, other.count, other.current], [1, 1, 1, undefined]);
    assert.deepEqual(
      [own.tokens[0].tokentype, own.tokens[0].info.edupush_firebase_configuration, own.tokens[0].container_serial],
      ['edupush', 'fb1', undefined],
    );
    assert.match(own.tokens[0].info.created_at, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    assert.equal((await list(edumfa, 'push')).tokens[0].info.push_firebase_configuration, 'fb1');
  });

  it('alone enrols edupush tokens and has an endpoint for their phones', async () => {
    const { init, client, admin } = await givenEdumfa(undo);
    const made = await client.post('/token/init', { type: 'edupush', genkey: '1', user: 'alice' }, admin);
    assert.equal(refusal(made), "400/905 ERR905: Unknown token type 'edupush'; this gateway enrols 'push'.");
    const { serial } = (await init()).body.detail;
    assert.match(refusal(await client.get('/ttype/edupush', { serial })), /^400\/905 .*Invalid tokentype provided\. ttype: edupush$/);
  });

  it('keeps the endpoints of the two types apart', async () => {
    const { init, edumfa, clock } = await givenEdumfa(undo);
    const { serial, enrollment_credential: credential } = (await init()).body.detail;
    const astray = piPhone(edumfa, { serial, credential, clock });
    assert.match(refusal(await astray.rollout()), /^404\/601 No token with this serial number/);
    assert.equal((await piPhone(edumfa, { serial, credential, path: '/ttype/edupush', clock }).rollout()).status, 200);
    assert.match(refusal(await astray.poll()), /^400\/10 .*Could not verify signature!$/);
    assert.equal(refusal(await astray.answer('ANY')), '404/601 The requested token could not be found.');
  });

  it('finds a challenge by its nonce, and asks for one', async () => {
    const { init, edumfa, start, clock } = await givenEdumfa(undo);
    const { serial, enrollment_credential: credential } = (await init()).body.detail;
    const phone = piPhone(edumfa, { serial, credential, path: '/ttype/edupush', clock });
    await phone.rollout();
    await start();
    const [{ nonce }] = (await phone.poll()).body.result.value;
    const signature = phone.sign(`${nonce}|${serial}`);
    assert.equal(refusal(await edumfa.post('/ttype/edupush', { serial, signature })), '400/905 ERR905: Missing parameters!');
    assert.equal((await edumfa.post('/ttype/edupush', { serial, signature, nonce: 'ANOTHER' })).body.result.value, false);
    assert.equal((await edumfa.post('/ttype/edupush', { serial, signature, nonce })).body.result.value, true);
  });

  it('refuses keys on weak curves', async () => {
    const { init, edumfa } = await givenEdumfa(undo);
    const { serial, enrollment_credential: credential } = (await init()).body.detail;
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp224r1' });
    const pubkey = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const reply = await piPhone(edumfa, { serial, credential, path: '/ttype/edupush' }).rollout({ pubkey });
    assert.match(refusal(reply), /^400\/905 .*expected a curve of at least 256 bits/);
  });

  it('binds an edupush token to another phone', async () => {
    const { init, enrolled } = await givenEdumfa(undo);
    const { serial } = await enrolled('edumfa');
    const again = await init({ serial, rollover: '1' });
    assert.match(again.body.detail.pushurl.value, new RegExp(`^edumfa-push://edumfa/${serial}\\?`));
    assert.match(refusal(await init({ serial, rollover: '1', type: 'push' })), /is not of type push/);
  });

  it('requires the right enrollEDUPUSH for edupush tokens', async () => {
    const { init, edumfa, gateway } = await givenEdumfa(undo, { admin: { enrollPUSH: true, tokenlist: true } });
    assert.equal((await init({ type: 'push' })).status, 200);
    const { rights } = (await edumfa.post('/auth', { username: 'admin', password: gateway.firstPassword ?? '' })).body.result.value;
    assert.deepEqual(rights, ['enrollPUSH', 'tokenlist']);
    assert.equal(refusal(await init()), '403/303 Admin actions are defined, but you are not allowed to enroll this token type!');
  });

  it('lists challenges with a number, and a decline in their data', async () => {
    const { enrolled, start, edumfa, admin } = await givenEdumfa(undo);
    const { phone, serial, pushed } = await enrolled('edumfa');
    const { transaction_id: id } = (await start()).body.detail;
    const listed = async () => (await edumfa.get('/token/challenges/', { transaction_id: id }, admin)).body.result.value.challenges[0];
    const open = await listed();
    await phone.decline(pushed());
    const declined = await listed();
    assert.deepEqual([open.serial, open.data, declined.data], [serial, '', 'challenge_declined']);
    assert.ok(Number.isInteger(open.id) && open.id === declined.id);
  });

  it('has no grace after the expiry, unless the mount configures one', async () => {
    for (const [mount, expected] of [
      [{}, 'pending'],
      [{ finalizeGraceSeconds: 300 }, 'accept'],
    ] as const) {
      const { enrolled, start, status, clock } = await givenEdumfa(undo, { mount });
      const { phone, pushed } = await enrolled('edumfa');
      const { transaction_id: id } = (await start()).body.detail;
      await phone.approve(pushed());
      clock.advance(minutes(2));
      assert.equal((await status(id)).body.detail.challenge_status, expected);
    }
  });

  it('gives edupush tokens their own validity; the shorter one counts where both types are asked', async () => {
    const settings = { PushChallengeValidityTime: 120, EdupushChallengeValidityTime: 30 };
    const { enrolled, start, clock } = await givenEdumfa(undo, { settings });
    const legacy = await enrolled('privacyidea');
    await start();
    clock.advance(seconds(31));
    assert.equal((await legacy.phone.poll())[0]?.requests.length, 1);
    clock.advance(minutes(2));
    await enrolled('edumfa');
    await start();
    clock.advance(seconds(31));
    assert.deepEqual((await legacy.phone.poll())[0]?.requests, []);
  });

  it('asks for a yes or no whatever the policies for presence and codes, with unchanged texts', async () => {
    const actions = {
      push_require_presence: true,
      push_text_on_mobile: 'Is it {user}?',
      edupush_title_on_mobile: 'Campus',
    };
    const { enrolled, start } = await givenEdumfa(undo, { actions });
    const { pushed } = await enrolled('edumfa');
    const { detail } = (await start()).body;
    const request = pushed();
    assert.deepEqual([request.ask, request.question, request.title], [{ kind: 'confirm' }, 'Is it {user}?', 'Campus']);
    assert.deepEqual([detail.client_mode, detail.presence_answer, detail.preferred_client_mode], ['poll', undefined, 'poll']);
  });

  it('reports edupush as push to clients, where a policy says so', async () => {
    const { enrolled, start, finish, client } = await givenEdumfa(undo, { actions: { edupush_shown_as: 'push' } });
    await enrolled('edumfa');
    const { detail } = (await start()).body;
    assert.deepEqual([detail.type, detail.multi_challenge[0].type], ['push', 'push']);
    assert.equal((await finish(detail.transaction_id)).body.detail.type, 'push');
    assert.equal((await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.detail.type, 'push');
  });

  it('waits with edupush_wait, and replies to a decline at once as to an expiry', async () => {
    const { enrolled, start } = await givenEdumfa(undo, { actions: { edupush_wait: 60 } });
    const { phone, serial } = await enrolled('edumfa-next');
    const asked = async () => {
      for (;;) {
        const [request] = (await phone.poll())[0]?.requests ?? [];
        if (request) return request;
      }
    };
    const refused = start();
    await phone.decline(await asked());
    const { threadid: _threadid, ...detail } = (await refused).body.detail;
    assert.deepEqual(detail, { message: 'wrong otp value', serial, type: 'edupush', otplen: 6 });
    assert.equal((await refused).body.result.authentication, 'REJECT');
    const accepted = start();
    await phone.approve(await asked());
    assert.deepEqual(
      [(await accepted).body.result.authentication, (await accepted).body.detail.message, (await accepted).body.detail.type],
      ['ACCEPT', 'matching 1 tokens', 'edupush'],
    );
  });

  it('reports a failed mandatory push in the words of eduMFA', async () => {
    const { init, edumfa, start, clock } = await givenEdumfa(undo);
    const { serial, enrollment_credential: credential } = (await init()).body.detail;
    // given a phone without an address
    await piPhone(edumfa, { serial, credential, path: '/ttype/edupush', clock }).rollout();
    const hint = ' Use the polling feature of your unsupported privacyIDEA Authenticator App to check for a new Login request.';
    assert.ok((await start()).body.detail.message.endsWith(hint));
    assert.equal(refusal(await start({ exception: '1' })), '400/401 ERR401: Failed to submit message to Firebase service.');
  });

  it('decodes values of its own clients once, and of clients of privacyIDEA twice', async () => {
    const { enrolled, edumfa } = await givenEdumfa(undo);
    await enrolled('edumfa');
    const login = (agent: string) => edumfa.post('/validate/check', { user: '%61lice', pass: '1234' }, { 'user-agent': agent });
    assert.equal((await login('eduMFA-cp/1.0')).body.detail.message, 'The user has no tokens assigned');
    assert.equal((await login('privacyidea-cp/1.0')).body.result.authentication, 'CHALLENGE');
  });
});

describe('A phone of eduMFA that privacyIDEA asks', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is not asked in an unknown mode, but for a yes or no where a policy allows that', async () => {
    for (const [fallback, authentication] of [
      ['refuse', 'REJECT'],
      ['confirm', 'CHALLENGE'],
    ]) {
      const { enrolled, client } = await givenEdumfa(undo, { actions: { push_require_presence: true, push_mode_fallback: fallback } });
      await enrolled('edumfa');
      const { body } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
      assert.equal(body.result.authentication, authentication);
    }
  });

  it('answers privacyIDEA as it answers eduMFA', async () => {
    const { enrolled, client } = await givenEdumfa(undo);
    const { phone, pushed } = await enrolled('edumfa-next');
    const { transaction_id: id, type } = (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body.detail;
    const request = pushed();
    await phone.approve(request);
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    assert.deepEqual([type, request.title, request.capabilities], ['edupush', 'privacyIDEA', {}]);
    assert.equal(finished.body.result.authentication, 'ACCEPT');
  });
});
