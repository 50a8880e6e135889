import assert from 'node:assert/strict';
import type { AppName, Outcome } from '../../../../../src/virtual-phone/index.ts';
import { seconds } from '../../../../kit/clock.ts';
import type { PiReply } from '../../../../kit/pi-client.ts';
import { cleanup } from '../../../../kit/temporary.ts';
import { givenEdumfa } from './edumfa-kit.ts';

const value = <T>(outcome: Outcome<T>): T => {
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.reason);
  return outcome.value;
};
const told = ({ body }: PiReply): unknown[] => [body.result.value, body.result.authentication, body.detail.challenge_status];

/**
 * Whole conversations of the apps, as docs/protocols/privacyidea.md 15 has them, over real HTTP and a fake of Firebase.
 */
describe('Phones of eduMFA users', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const phones: [title: string, app: AppName, options: { ecKeys?: boolean }, type: string, serial: RegExp][] = [
    ['the eduMFA Authenticator', 'edumfa', {}, 'edupush', /^EDUP\d{4}[0-9A-F]{4}$/],
    ['authenticator-next, which sends JSON', 'edumfa-next', {}, 'edupush', /^EDUP/],
    ['an app with an EC key', 'edumfa', { ecKeys: true }, 'edupush', /^EDUP/],
    ['authenticator-next with an EC key', 'edumfa-next', { ecKeys: true }, 'edupush', /^EDUP/],
    ['the privacyIDEA Authenticator with a legacy push token', 'privacyidea', {}, 'push', /^PIPU\d{4}[0-9A-F]{4}$/],
  ];

  for (const [title, app, options, type, serialPattern] of phones) {
    it(`${title}: enrols, gets a push, approves; the login is finished once`, async () => {
      const { enrolled, start, status, finish } = await givenEdumfa(undo);
      const { phone, serial, pushed } = await enrolled(app, options);
      assert.match(serial, serialPattern);
      const started = await start();
      assert.equal(started.body.detail.type, type);
      const id = started.body.detail.transaction_id;
      const request = pushed();
      assert.deepEqual(
        [request.title, request.question, request.ask],
        ['eduMFA', 'Do you want to confirm the login?', { kind: 'confirm' }],
      );
      assert.deepEqual(told(await status(id)), [false, 'REJECT', 'pending']);
      assert.deepEqual(value(await phone.approve(request)), { value: true });
      assert.deepEqual(told(await status(id)), [true, 'ACCEPT', 'accept']);
      assert.equal((await finish(id)).body.detail.message, 'Found matching challenge');
      assert.equal((await finish(id)).body.detail.message, 'wrong otp pin');
    });

    it(`${title}: polls, declines, and cannot revoke the decline`, async () => {
      const { enrolled, start, status, finish } = await givenEdumfa(undo);
      const { phone, asked } = await enrolled(app, options);
      const { transaction_id: id } = (await start()).body.detail;
      const request = await asked();
      assert.deepEqual(value(await phone.decline(request, { reason: 'cancelled' })), { value: true });
      assert.deepEqual(told(await status(id)), [false, 'DECLINED', 'declined']);
      assert.deepEqual(value(await phone.approve(request)), { value: false });
      assert.deepEqual(told(await status(id)), [false, 'DECLINED', 'declined']);
      assert.equal((await finish(id)).body.result.authentication, 'REJECT');
      assert.deepEqual((await phone.poll())[0]?.requests, []);
    });
  }

  it('are ignored once the challenge has expired', async () => {
    const { enrolled, start, status, clock } = await givenEdumfa(undo, { settings: { EdupushChallengeValidityTime: 60 } });
    const { phone, pushed } = await enrolled('edumfa');
    const { transaction_id: id } = (await start()).body.detail;
    const request = pushed();
    clock.advance(seconds(60));
    assert.deepEqual(value(await phone.approve(request)), { value: false });
    assert.deepEqual(told(await status(id)), [false, 'REJECT', 'pending']);
  });

  it('send a new address, except for the app without that call', async () => {
    const { enrolled, start } = await givenEdumfa(undo);
    const flutter = await enrolled('edumfa');
    value(await flutter.phone.updateAddress(flutter.serial, 'a-newer-address'));
    await start();
    assert.equal(flutter.pushed().serial, flutter.serial);
    const next = await enrolled('edumfa-next');
    assert.equal((await next.phone.updateAddress(next.serial, 'x')).ok, false);
  });

  it('are all asked at once, whatever their type, and one answer decides', async () => {
    const { enrolled, start, finish } = await givenEdumfa(undo);
    const [legacy, flutter] = [await enrolled('privacyidea'), await enrolled('edumfa')];
    const { body } = await start();
    const text = 'Please confirm the authentication on your mobile device!';
    assert.deepEqual(body.detail.multi_challenge.map((each: { type: string }) => each.type).sort(), ['edupush', 'push']);
    assert.deepEqual([body.detail.message, body.detail.messages], [`${text}, ${text}`, [text, text]]);
    value(await flutter.phone.approve(flutter.pushed()));
    assert.deepEqual(value(await legacy.phone.approve(legacy.pushed())), { value: false });
    assert.equal((await finish(body.detail.transaction_id)).body.detail.serial, flutter.serial);
  });
});
