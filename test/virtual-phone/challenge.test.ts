import assert from 'node:assert/strict';
import { minutes } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Enrolled, enrolOnce, shown, value } from './phone-kit.ts';
import type { Fields } from './server-kit.ts';

describe('A push to the virtual phone', () => {
  const undo = cleanup();
  let enrolled: Enrolled;
  before(async () => {
    enrolled = await enrolOnce();
  });
  afterEach(() => undo.run());
  after(() => enrolled.end());
  const message = (given: Fields = {}, after: Fields = {}) => enrolled.server.message(given, after);
  const refusalOf = (pushed: unknown): string => {
    const taken = enrolled.given(undo).phone.receive(pushed);
    assert.ok(taken.kind === 'refused', JSON.stringify(taken));
    return taken.reason;
  };

  it('shows title and question, and two buttons', () => {
    const { phone, clock } = enrolled.given(undo);
    const { url } = enrolled.server;
    assert.deepEqual(shown(phone, message({ title: 'A|B', question: 'Grüße?', sslverify: '0' })), {
      serial: 'PIPU1',
      nonce: 'NONCEA',
      title: 'A|B',
      question: 'Grüße?',
      url,
      sslVerify: false,
      ask: { kind: 'confirm' },
      capabilities: {},
      receivedAt: clock(),
      expiresAt: clock() + minutes(2),
    });
  });

  it('shows a choice of options, also beside a display code, and a code where there is only that', () => {
    const { phone } = enrolled.given(undo);
    assert.deepEqual(shown(phone, message({ nonce: 'A', require_presence: 'A,B,C', version: '2' })).ask, {
      kind: 'choice',
      options: ['A', 'B', 'C'],
    });
    assert.deepEqual(shown(phone, message({ nonce: 'B', require_presence: '7', display_code: '42' })).ask, {
      kind: 'choice',
      options: ['7'],
    });
    assert.deepEqual(shown(phone, message({ nonce: 'C', display_code: '42' })).ask, { kind: 'code', displayCode: '42' });
  });

  it('ignores require_presence when it is not a text', () => {
    const { phone } = enrolled.given(undo);
    assert.deepEqual(shown(phone, message({}, { require_presence: ['A'] })).ask, { kind: 'confirm' });
  });

  for (const field of ['title', 'question', 'url', 'nonce', 'sslverify', 'serial', 'signature']) {
    it(`only wakes the phone when ${field} is missing or not a text`, () => {
      const { phone } = enrolled.given(undo);
      for (const instead of [undefined, 1, null]) {
        assert.deepEqual(phone.receive(message({}, { [field]: instead })), {
          kind: 'wake-up',
          reason: `the message lacks text in ${field}`,
        });
      }
    });
  }

  it('only wakes the phone when it has no content', () => {
    const { phone } = enrolled.given(undo);
    assert.equal(phone.receive({}).kind, 'wake-up');
    assert.deepEqual(phone.receive('ring'), { kind: 'wake-up', reason: 'the message is not an object' });
  });

  it('is refused for a token that the phone does not have, or that is not rolled out', () => {
    const { phone } = enrolled.given(undo);
    value(phone.scan(enrolled.server.offer({ serial: 'PIPU2' })));
    for (const [serial, expected] of [
      ['PIPU9', /no token PIPU9/],
      ['PIPU2', /not rolled out/],
    ] as const) {
      const taken = phone.receive(message({ serial }));
      assert.ok(taken.kind === 'refused');
      assert.match(taken.reason, expected);
    }
  });

  const tampered: Fields[] = [
    { title: 'B' },
    { question: 'Pay?' },
    { url: 'https://evil.example/' },
    { nonce: 'OTHER' },
    { sslverify: '0' },
    { require_presence: 'A,B' },
    { display_code: '42' },
    { signature: 'MY======' },
    { signature: 'not base32' },
  ];
  for (const change of tampered) {
    it(`is refused when its ${Object.keys(change)[0]} was changed after signing (${Object.values(change)[0]})`, () => {
      assert.match(refusalOf(message({}, change)), /signature is wrong/);
    });
  }

  it('is refused with a signature in lower case or without padding', () => {
    const signature = String(message().signature);
    for (const wrong of [signature.toLowerCase(), signature.replace(/=+$/, '')])
      assert.match(refusalOf(message({}, { signature: wrong })), /signature is wrong/);
  });

  it('is refused with a signed URL that is not in its normal form, and the reason says so', () => {
    for (const url of [
      'https://PI.example.com/x',
      'https://pi.example.com:443/x',
      'https://pi.example.com/%7ex',
      'https://pi.example.com/a b',
    ]) {
      assert.match(refusalOf(message({ url })), /the app signs the normal form of the url/, url);
    }
  });

  it('is refused with a signed sslverify other than 0 and 1, and with an invalid URL', () => {
    assert.match(refusalOf(message({ sslverify: 'true' })), /an sslverify that is not "1"/);
    assert.match(refusalOf(message({ url: 'pi.example.com/x' })), /url is refused: .*not an http/);
  });

  describe('with capabilities', () => {
    it('keeps them when their signature is right', () => {
      const { phone } = enrolled.given(undo);
      const canonical = '{"decline_reason":{"values":["cancelled","\u20ac"]},"z":[null,false,"\\n"]}';
      const { capabilities } = shown(phone, message(enrolled.server.capabilities(canonical)));
      assert.deepEqual(capabilities, JSON.parse(canonical));
    });

    it('accepts them as an object too, in any order and spelling', () => {
      const { phone } = enrolled.given(undo);
      const pair = enrolled.server.capabilities('{"a":true,"decline_reason":true}');
      assert.ok(shown(phone, message(pair, { capabilities: { decline_reason: true, a: true } })).capabilities.decline_reason);
      const spaced = enrolled.server.message(
        { ...enrolled.server.capabilities('{"decline_reason":true}', 'B'), nonce: 'B' },
        { capabilities: '{"decline_reason": true}' },
      );
      assert.ok(shown(phone, spaced).capabilities.decline_reason);
    });

    it('drops the whole message when their signature is wrong', () => {
      const { server } = enrolled;
      const right = server.capabilities('{"decline_reason":true}');
      for (const wrong of [
        { ...right, capabilities: '{"decline_reason":false}' },
        { ...right, capabilities_signature: server.sign('x') },
        { ...right, capabilities_signature: '???' },
        server.capabilities('{"decline_reason":true}', 'OTHER'),
      ]) {
        assert.match(refusalOf(message(wrong)), /signature of its capabilities is wrong/);
      }
    });

    it('ignores a malformed pair', () => {
      const { server } = enrolled;
      const pairs: Fields[] = [
        { capabilities: '{"decline_reason":true}' },
        { capabilities_signature: 'MY======' },
        { ...server.capabilities('{"decline_reason":true}'), capabilities_signature: 5 },
        server.capabilities('{"decline_reason":1}'),
        server.capabilities('{"decline_reason":true,"deep":[{"n":0}]}'),
        server.capabilities('["decline_reason"]'),
        server.capabilities('"decline_reason"'),
        server.capabilities('{decline_reason}'),
      ];
      for (const [at, pair] of pairs.entries()) {
        const { phone } = enrolled.given(undo);
        assert.deepEqual(shown(phone, message(pair)).capabilities, {}, `pair ${at}`);
      }
    });
  });

  it('is shown once, until it disappears from the phone after two minutes', () => {
    const { phone, clock } = enrolled.given(undo);
    shown(phone, message());
    clock.advance(minutes(2) - 1);
    assert.deepEqual(phone.receive(message()), { kind: 'duplicate', nonce: 'NONCEA' });
    clock.advance(1);
    shown(phone, message());
  });

  it('is not hidden by a forged one', () => {
    const { phone } = enrolled.given(undo);
    assert.equal(phone.receive(message({}, { title: 'forged' })).kind, 'refused');
    shown(phone, message());
  });
});
