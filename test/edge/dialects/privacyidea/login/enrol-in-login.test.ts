import assert from 'node:assert/strict';
import { enrolmentDetail } from '../../../../../src/edge/dialects/privacyidea/login/enrol-in-login.ts';
import { minutes } from '../../../../kit/clock.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import type { PiReply } from '../../../../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const enrol = { passOnNoToken: true, enroll_via_multichallenge: 'PUSH' };

describe('Enrolment during a login', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (actions: object = {}) => {
    const policies = [{ name: 'enrol them', scope: 'authentication', actions: { ...enrol, ...actions } }];
    const gateway = await givenGateway(undo, { policies });
    const { client } = gateway;
    const start = (user = 'alice') => client.post('/validate/check', { user, pass: '' });
    const poll = async (id: string) => (await client.get('/validate/polltransaction', { transaction_id: id })).body.detail.challenge_status;
    const finish = (id: string, user = 'alice') => client.post('/validate/check', { user, pass: '', transaction_id: id });
    const cancel = (id: string) => client.post('/validate/check', { transaction_id: id, cancel_enrollment: 'true' });
    const tokens = async () => (await client.get('/token/', {}, gateway.admin)).body.result.value.tokens;
    return { ...gateway, start, poll, finish, cancel, tokens };
  };

  /** The phone that scans the QR code of a reply. */
  const scan = ({ client, clock }: Pick<GivenGateway, 'client' | 'clock'>, { body }: PiReply): PiPhone => {
    const credential = new URL(body.detail.link).searchParams.get('enrollment_credential') ?? '';
    return piPhone(client, { serial: body.detail.serial, credential, clock });
  };

  it('turns the success of a user without a push token into a challenge, with exactly the fields of privacyIDEA', async () => {
    const { start } = await given();
    const { body } = await start();
    const { threadid, ...detail } = body.detail;
    const entry = {
      client_mode: 'poll',
      image: detail.image,
      link: detail.link,
      message: 'Please scan the QR code!',
      serial: detail.serial,
      transaction_id: detail.transaction_id,
      type: 'push',
    };
    assert.deepEqual(detail, {
      ...entry,
      enroll_via_multichallenge: true,
      enroll_via_multichallenge_optional: false,
      multi_challenge: [entry],
      transaction_ids: [entry.transaction_id],
    });
    assert.deepEqual([body.id, body.result.value, body.result.authentication, typeof threadid], [2, false, 'CHALLENGE', 'number']);
    assert.match(detail.serial, /^PIPU[0-9A-F]{8}$/);
    assert.match(detail.transaction_id, /^\d{20}$/);
    assert.match(detail.image, /^data:image\/png;base64,/);
    assert.match(detail.link, /^otpauth:\/\/pipush\//);
  });

  it('has the fields of eduMFA for its clients', () => {
    const shown = { type: 'push', image: 'data:', link: 'edumfa-push://', message: 'Scan', serial: 'PIPU1', id: '1', skippable: true };
    const entry = { client_mode: 'poll', image: 'data:', message: 'Scan', serial: 'PIPU1', transaction_id: '1', type: 'push' };
    assert.deepEqual(enrolmentDetail(shown, 'edumfa'), {
      ...entry,
      multi_challenge: [entry],
      preferred_client_mode: 'poll',
      transaction_ids: ['1'],
    });
  });

  it('is finished by the rollout of the phone, once; the next login asks that phone', async () => {
    // given alice, who was shown a QR code
    const here = await given({ enroll_via_multichallenge_text: 'Scan me' });
    const started = await here.start();
    const id = started.body.detail.transaction_id;
    assert.equal(started.body.detail.message, 'Scan me');
    assert.equal(await here.poll(id), 'pending');
    const early = await here.finish(id);
    // when her phone enrols
    const phone = scan(here, started);
    assert.equal((await phone.rollout()).status, 200);
    // then the login is accepted once
    assert.equal(await here.poll(id), 'accept');
    const stranger = await here.finish(id, 'mallory');
    const [finished, again] = [await here.finish(id), await here.finish(id)];
    assert.deepEqual([early.body.result.value, early.body.detail.message], [false, 'Response did not match the challenge.']);
    assert.equal(stranger.body.result.value, false);
    assert.deepEqual([finished.body.result.authentication, finished.body.detail.message], ['ACCEPT', 'Found matching challenge']);
    assert.equal(finished.body.detail.serial, phone.serial);
    assert.deepEqual([again.body.result.value, again.body.detail.message], [false, 'wrong otp pin']);
    // and the next login asks that phone; no enrolment is pending there
    assert.deepEqual((await phone.poll()).body.result.value, []);
    const next = await here.start();
    assert.deepEqual([next.body.result.authentication, next.body.detail.serial], ['CHALLENGE', phone.serial]);
    assert.equal(next.body.detail.enroll_via_multichallenge, undefined);
  });

  it('needs no poll before the second leg', async () => {
    const here = await given();
    const started = await here.start();
    await scan(here, started).rollout();
    assert.equal((await here.finish(started.body.detail.transaction_id)).body.result.authentication, 'ACCEPT');
  });

  it('expires with its QR code: no rollout, no login, and the next login makes a new offer', async () => {
    const here = await given();
    const started = await here.start();
    const id = started.body.detail.transaction_id;
    here.clock.advance(minutes(10));
    const late = await scan(here, started).rollout();
    assert.deepEqual([late.status, late.body.result.error?.code], [404, 601]);
    assert.deepEqual([await here.poll(id), (await here.finish(id)).body.detail.message], ['pending', 'wrong otp pin']);
    const again = await here.start();
    assert.equal(again.body.detail.enroll_via_multichallenge, true);
    assert.deepEqual(
      (await here.tokens()).map(({ serial }: { serial: string }) => serial),
      [again.body.detail.serial],
    );
  });

  it('gives an auth server time to finish after a rollout at the last moment', async () => {
    const here = await given();
    const started = await here.start();
    here.clock.advance(minutes(10) - 1);
    assert.equal((await scan(here, started).rollout()).status, 200);
    await here.gateway.settled();
    here.clock.advance(minutes(4));
    assert.equal((await here.finish(started.body.detail.transaction_id)).body.result.authentication, 'ACCEPT');
  });

  it('is replaced by the next login of the same user: the first QR code becomes invalid', async () => {
    const here = await given();
    const [first, second] = [await here.start(), await here.start()];
    assert.notEqual(first.body.detail.serial, second.body.detail.serial);
    assert.equal((await scan(here, first).rollout()).status, 404);
    assert.equal((await scan(here, second).rollout()).status, 200);
    assert.equal(await here.poll(first.body.detail.transaction_id), 'pending');
    assert.equal((await here.finish(second.body.detail.transaction_id)).body.result.authentication, 'ACCEPT');
  });

  describe('that may be skipped', () => {
    const optional = { enroll_via_multichallenge_optional: true };

    it('accepts the login without it, once, and leaves nothing behind', async () => {
      const here = await given(optional);
      const started = await here.start();
      const id = started.body.detail.transaction_id;
      assert.equal(started.body.detail.enroll_via_multichallenge_optional, true);
      const [skipped, again] = [await here.cancel(id), await here.cancel(id)];
      assert.deepEqual(
        [skipped.body.id, skipped.body.result.authentication, skipped.body.detail.message],
        [2, 'ACCEPT', 'Cancelled enrollment via multichallenge'],
      );
      assert.deepEqual(
        [again.body.result.value, again.body.result.authentication, again.body.detail.message],
        [false, 'REJECT', 'Failed to cancel enrollment via multichallenge'],
      );
      assert.deepEqual(await here.tokens(), []);
      assert.equal((await scan(here, started).rollout()).status, 404);
      assert.equal((await here.finish(id)).body.result.value, false);
    });

    it('is skipped once by concurrent requests', async () => {
      const here = await given(optional);
      const id = (await here.start()).body.detail.transaction_id;
      const replies = await Promise.all(Array.from({ length: 8 }, () => here.cancel(id)));
      assert.equal(replies.filter(({ body }) => body.result.value === true).length, 1);
    });

    it('is either skipped or finished by concurrent requests, never both', async () => {
      const here = await given(optional);
      for (let round = 0; round < 8; round += 1) {
        const user = `user${round}`;
        const started = await here.start(user);
        const id = started.body.detail.transaction_id;
        const [rolled, skipped] = await Promise.all([scan(here, started).rollout(), here.cancel(id)]);
        assert.notEqual(rolled.status === 200, skipped.body.result.value === true, `round ${round}`);
        assert.equal((await here.finish(id, user)).body.result.value === true, rolled.status === 200);
      }
    });

    it('cannot be skipped by another user, nor where it is mandatory, over, or a login', async () => {
      const must = await given();
      const id = (await must.start()).body.detail.transaction_id;
      assert.equal((await must.cancel(id)).body.result.value, false);
      assert.equal((await must.cancel('0')).body.result.value, false);
      assert.equal((await must.client.post('/validate/check', { cancel_enrollment: '1' })).body.result.error?.code, 905);
      const may = await given(optional);
      const late = (await may.start()).body.detail.transaction_id;
      may.clock.advance(minutes(10));
      assert.equal((await may.cancel(late)).body.result.value, false);
      const phone = await may.phoneOf('bob');
      const login = await may.challenge('bob', phone);
      assert.equal((await may.cancel(login.id)).body.result.value, false);
    });
  });

  it('is for accepted users without a push token', async () => {
    const here = await given();
    const phone = await here.phoneOf('bob');
    const wrong = await here.client.post('/validate/check', { user: 'bob', pass: 'wrong' });
    const { id, nonce } = await here.challenge('bob', phone);
    await phone.answer(nonce);
    const finished = await here.finish(id, 'bob');
    assert.equal(wrong.body.detail.message, 'wrong otp pin');
    assert.deepEqual([finished.body.result.authentication, finished.body.detail.message], ['ACCEPT', 'Found matching challenge']);
    const none = await given({ passOnNoToken: false });
    assert.equal((await none.start()).body.detail.message, 'The user has no tokens assigned');
  });

  it('reports a missing policy of enrolment instead of accepting the login without it', async () => {
    const bare = await givenGateway(undo, {
      more: { policies: [{ name: 'enrol them', actions: enrol }] },
    });
    const { status, body } = await bare.client.post('/validate/check', { user: 'alice', pass: '' });
    assert.deepEqual([status, body.result.error?.code], [403, 303]);
    assert.match(body.result.error?.message ?? '', /push_firebase_configuration/);
  });

  it('creates an ordinary push token of the user, which an administrator sees', async () => {
    const here = await given();
    const started = await here.start();
    const [waiting] = await here.tokens();
    await scan(here, started).rollout();
    await here.finish(started.body.detail.transaction_id);
    await here.gateway.settled();
    const [token] = await here.tokens();
    assert.deepEqual([waiting.rollout_state, waiting.active], ['clientwait', false]);
    assert.deepEqual(
      [token.serial, token.username, token.user_realm, token.realms, token.failcount, token.rollout_state, token.active],
      [started.body.detail.serial, 'alice', 'corp', ['corp'], 0, 'enrolled', true],
    );
  });
});
