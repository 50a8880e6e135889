import assert from 'node:assert/strict';
import { minutes } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Enrolled, enrolOnce, reason, shown, value } from './phone-kit.ts';
import { bad, good, type Says, signedBy } from './server-kit.ts';

describe('Answering on the virtual phone', () => {
  const undo = cleanup();
  let enrolled: Enrolled;
  before(async () => {
    enrolled = await enrolOnce();
  });
  afterEach(() => undo.run());
  after(() => enrolled.end());

  const sent = (words: string) => {
    const { signature, ...rest } = enrolled.server.lastCall().fields;
    assert.ok(signedBy(enrolled.pubkey, words, signature), `the signature is not over ${words}`);
    return rest;
  };

  it('approves', async () => {
    const { phone } = enrolled.given(undo);
    const answered = value(await phone.approve(shown(phone, enrolled.server.message())));
    assert.deepEqual(sent('NONCEA|PIPU1'), { serial: 'PIPU1', nonce: 'NONCEA' });
    assert.deepEqual(answered, { value: true });
  });

  it('declines', async () => {
    const { phone } = enrolled.given(undo);
    await phone.decline(shown(phone, enrolled.server.message()));
    assert.deepEqual(sent('NONCEA|PIPU1|decline'), { serial: 'PIPU1', nonce: 'NONCEA', decline: '1' });
  });

  it('sends the reason of a decline where the server accepts reasons', async () => {
    const { phone } = enrolled.given(undo);
    for (const [at, taken] of ['true', '{"values":["unknown_trigger"]}', '"yes"'].entries()) {
      const nonce = `N${at}`;
      const pair = enrolled.server.capabilities(`{"decline_reason":${taken}}`, nonce);
      const answered = value(await phone.decline(shown(phone, enrolled.server.message({ nonce, ...pair })), { reason: 'unknown_trigger' }));
      assert.deepEqual(sent(`${nonce}|PIPU1|decline|unknown_trigger`), {
        serial: 'PIPU1',
        nonce,
        decline: '1',
        decline_reason: 'unknown_trigger',
      });
      assert.equal(answered.reason, 'unknown_trigger');
    }
  });

  it('sends no reason where the server accepts none or not this one, or did not sign that capability', async () => {
    const { phone } = enrolled.given(undo);
    for (const [at, taken] of ['false', 'null', '""', '{"values":["cancelled"]}', '{}', '["unknown_trigger"]', '1'].entries()) {
      const nonce = `N${at}`;
      const pair = enrolled.server.capabilities(`{"decline_reason":${taken}}`, nonce);
      const answered = value(await phone.decline(shown(phone, enrolled.server.message({ nonce, ...pair })), { reason: 'unknown_trigger' }));
      assert.deepEqual(sent(`${nonce}|PIPU1|decline`), { serial: 'PIPU1', nonce, decline: '1' });
      assert.equal(answered.reason, undefined);
    }
  });

  it('sends the option that was tapped, with a decline too', async () => {
    const { phone } = enrolled.given(undo);
    const request = shown(
      phone,
      enrolled.server.message({ require_presence: 'A,B', ...enrolled.server.capabilities('{"decline_reason":true}') }),
    );
    await phone.approve(request, { option: 'B' });
    assert.deepEqual(sent('NONCEA|PIPU1|B'), { serial: 'PIPU1', nonce: 'NONCEA', presence_answer: 'B' });
    await phone.decline(request, { option: 'A' });
    assert.deepEqual(sent('NONCEA|PIPU1|decline|A'), { serial: 'PIPU1', nonce: 'NONCEA', decline: '1', presence_answer: 'A' });
    await phone.decline(request, { option: 'A', reason: 'cancelled' });
    assert.equal(sent('NONCEA|PIPU1|decline|cancelled|A').decline_reason, 'cancelled');
  });

  it('requires an option, and only one that is shown', async () => {
    const { phone } = enrolled.given(undo);
    const choice = shown(phone, enrolled.server.message({ require_presence: 'A,B' }));
    const plain = shown(phone, enrolled.server.message({ nonce: 'NONCEB' }));
    assert.match(reason(await phone.approve(choice)), /one of the options has to be chosen: A, B/);
    assert.match(reason(await phone.approve(choice, { option: 'C' })), /"C" is not among the options shown \(A, B\)/);
    assert.match(reason(await phone.approve(plain, { option: 'A' })), /not among the options shown \(none\)/);
    assert.equal(enrolled.server.calls.length, 0);
  });

  it('is possible until two minutes after the message came', async () => {
    const { phone, clock } = enrolled.given(undo);
    const request = shown(phone, enrolled.server.message());
    clock.advance(minutes(2) - 1);
    value(await phone.approve(request));
    clock.advance(1);
    assert.match(reason(await phone.approve(request)), /is over/);
    assert.match(reason(await phone.decline(request)), /is over/);
    assert.equal(enrolled.server.calls.length, 1);
  });

  it('goes to the URL of the message, not to that of the QR code', async () => {
    const { phone } = enrolled.given(undo);
    const url = enrolled.server.url.replace('/ttype/push', '/elsewhere');
    value(await phone.approve(shown(phone, enrolled.server.message({ url }))));
    assert.equal(enrolled.server.lastCall().path, '/elsewhere');
  });

  describe('on a bad connection', () => {
    const givenReplies = (...replies: Says[]) => {
      const { phone } = enrolled.given(undo, { timeoutMs: 150 });
      enrolled.server.says = () => replies.shift() ?? 'hang up';
      return { phone, request: shown(phone, enrolled.server.message()) };
    };

    it('tries once more, at once, with the same body', async () => {
      const { phone, request } = givenReplies('hang up', good(true));
      value(await phone.approve(request));
      const [first, second] = enrolled.server.calls;
      assert.equal(enrolled.server.calls.length, 2);
      assert.equal(first?.body, second?.body);
    });

    it('gives up after the second failure', async () => {
      const { phone, request } = givenReplies('hang up', 'hang up', good(true));
      assert.match(reason(await phone.approve(request)), /could not be reached/);
      assert.equal(enrolled.server.calls.length, 2);
    });

    it('does not try again when the server is merely slow', async () => {
      const { phone, request } = givenReplies('stay silent', good(true));
      assert.match(reason(await phone.approve(request)), /did not answer in time/);
      assert.equal(enrolled.server.calls.length, 1);
    });
  });

  it('reports a fact that the app ignores: the server did not accept the answer', async () => {
    const { phone } = enrolled.given(undo);
    enrolled.server.says = () => good(false);
    assert.deepEqual(value(await phone.approve(shown(phone, enrolled.server.message()))), { value: false });
  });

  it('shows a display code with its message', async () => {
    const { phone } = enrolled.given(undo);
    const request = shown(phone, enrolled.server.message());
    enrolled.server.says = () => good(true, { display_code: '07', message: 'Enter the code', threadid: 1 });
    assert.deepEqual(value(await phone.approve(request)), { value: true, displayCode: '07', message: 'Enter the code' });
    enrolled.server.says = () => good(true, { display_code: 7, message: 'Enter the code' });
    assert.deepEqual(value(await phone.approve(request)), { value: true });
  });

  it('shows an error with its number, and refuses a reply that is not of the API', async () => {
    const { phone } = enrolled.given(undo);
    const request = shown(phone, enrolled.server.message());
    const replies: [Says, RegExp][] = [
      [bad(404, 601, 'The requested token could not be found.'), /^601: The requested token could not be found\.$/],
      [{ body: { result: { status: false, error: { code: 905, message: 'ERR905: Missing parameter: serial' } } } }, /^905: ERR905/],
      [{ body: '<html>' }, /not JSON with a result\.status/],
      [{ body: '' }, /not JSON/],
      [{ body: { result: { value: true } } }, /result\.status/],
      [{ body: { result: { status: 'true', value: true } } }, /result\.status/],
      [{ body: { result: { status: false } } }, /refused without a reason/],
      [{ status: 500, body: { result: { status: true, value: true } } }, /HTTP 500/],
    ];
    for (const [says, expected] of replies) {
      enrolled.server.says = () => says;
      assert.match(reason(await phone.approve(request)), expected);
    }
  });

  it('cannot answer for a token that was removed or is not rolled out', async () => {
    const { phone } = enrolled.given(undo);
    const request = shown(phone, enrolled.server.message());
    value(phone.remove('PIPU1'));
    assert.match(reason(await phone.approve(request)), /no token PIPU1/);
    value(phone.scan(enrolled.server.offer()));
    assert.match(reason(await phone.decline(request)), /not rolled out/);
  });
});
