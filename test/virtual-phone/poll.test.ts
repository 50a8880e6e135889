import assert from 'node:assert/strict';
import { cleanup } from '../kit/temporary.ts';
import { type Enrolled, enrolOnce, shown, value } from './phone-kit.ts';
import { bad, good, signedBy } from './server-kit.ts';

describe('A poll of the virtual phone', () => {
  const undo = cleanup();
  let enrolled: Enrolled;
  before(async () => {
    enrolled = await enrolOnce();
  });
  afterEach(() => undo.run());
  after(() => enrolled.end());

  it('sends what the app sends, signed', async () => {
    const { phone } = enrolled.given(undo);
    // when nothing waits for it
    assert.deepEqual(await phone.poll(), [{ serial: 'PIPU1', requests: [], duplicates: [], refused: [] }]);
    // then the query was the app's
    const { method, headers, fields } = enrolled.server.lastCall();
    const { signature, ...rest } = fields;
    assert.equal(method, 'GET');
    assert.match(headers['user-agent'] ?? '', /^privacyIDEA-App \/ \w+ [\d.]+$/);
    assert.deepEqual(rest, { serial: 'PIPU1', timestamp: '2026-03-01T10:00:00.000000Z', capabilities: '["decline_reason"]' });
    assert.ok(signedBy(enrolled.pubkey, 'PIPU1|2026-03-01T10:00:00.000000Z', signature));
  });

  it('returns new requests, and marks those it already knows', async () => {
    const { phone } = enrolled.given(undo);
    const { server } = enrolled;
    // given a push that arrived, and a second challenge that the push service lost
    shown(phone, server.message());
    server.says = () => good([server.message(), server.message({ nonce: 'NONCEB', title: 'second' })]);
    // when the phone polls
    const [report] = await phone.poll('PIPU1');
    // then only the second is new
    assert.deepEqual(
      report?.requests.map(({ title }) => title),
      ['second'],
    );
    assert.deepEqual(report?.duplicates, ['NONCEA']);
  });

  it('refuses one message with a wrong signature and accepts the others', async () => {
    const { phone } = enrolled.given(undo);
    const { server } = enrolled;
    server.says = () => good([server.message({}, { title: 'forged' }), server.message({ nonce: 'NONCEB' })]);
    const [report] = await phone.poll();
    assert.equal(report?.requests.length, 1);
    assert.match(report?.refused.join() ?? '', /signature is wrong/);
    assert.equal(report?.failed, undefined);
  });

  it('fails as a whole when one element lacks a field', async () => {
    const { phone } = enrolled.given(undo);
    const { server } = enrolled;
    server.says = () => good([server.message(), server.message({ nonce: 'NONCEB' }, { question: undefined })]);
    const [report] = await phone.poll();
    assert.deepEqual(report, {
      serial: 'PIPU1',
      requests: [],
      duplicates: [],
      refused: [],
      failed: 'the whole poll is dropped: element 2 of 2: the message lacks text in question',
    });
    // and the good one is still new to it
    server.says = () => good([server.message()]);
    assert.equal((await phone.poll())[0]?.requests.length, 1);
  });

  it('reports the reason of a failure', async () => {
    const { phone } = enrolled.given(undo, { timeoutMs: 150 });
    const { server } = enrolled;
    const failures = [
      [bad(403, 303, 'Polling not allowed!'), /303: Polling not allowed!/],
      [bad(400, 10, 'ERR10: Could not verify signature!'), /10: ERR10: Could not verify/],
      [good(true), /not a list/],
      [{ body: 'not json' }, /not JSON/],
      ['stay silent', /in time/],
      ['hang up', /could not be reached/],
    ] as const;
    for (const [says, expected] of failures) {
      server.says = () => says;
      assert.match((await phone.poll())[0]?.failed ?? '', expected);
    }
  });

  it('sends one request for each token that is rolled out', async () => {
    const { phone } = enrolled.given(undo);
    const { server } = enrolled;
    value(await phone.enrol(server.offer({ serial: 'PIPU2' })));
    value(phone.scan(server.offer({ serial: 'PIPU3' })));
    server.reset();
    assert.deepEqual(
      (await phone.poll()).map(({ serial }) => serial),
      ['PIPU1', 'PIPU2'],
    );
    assert.deepEqual(server.calls.map(({ fields }) => fields.serial).sort(), ['PIPU1', 'PIPU2']);
    assert.match((await phone.poll('PIPU3'))[0]?.failed ?? '', /not rolled out/);
    assert.match((await phone.poll('PIPU9'))[0]?.failed ?? '', /no token PIPU9/);
    assert.equal(server.calls.length, 2);
  });
});
