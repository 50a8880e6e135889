import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cleanup } from '../kit/temporary.ts';
import { type Enrolled, enrolOnce, reason, value } from './phone-kit.ts';
import { bad, signedBy } from './server-kit.ts';

describe('The virtual phone with a new device address', () => {
  const undo = cleanup();
  let enrolled: Enrolled;
  before(async () => {
    enrolled = await enrolOnce();
  });
  afterEach(() => undo.run());
  after(() => enrolled.end());

  it('sends it to the server, signed, and keeps it', async () => {
    const { phone, file } = enrolled.given(undo);
    const reply = value(await phone.updateAddress('PIPU1', 'fcm:tok en+1'));
    const { signature, ...rest } = enrolled.server.lastCall().fields;
    assert.deepEqual(rest, {
      new_fb_token: 'fcm:tok en+1',
      serial: 'PIPU1',
      timestamp: '2026-03-01T10:00:00.000000Z',
      capabilities: '["decline_reason"]',
    });
    assert.ok(signedBy(enrolled.pubkey, 'fcm:tok en+1|PIPU1|2026-03-01T10:00:00.000000Z', signature));
    assert.equal(reply.value, true);
    assert.match(readFileSync(file, 'utf8'), /fcm:tok en\+1/);
  });

  it('reports that a poll-only token has none', async () => {
    const { phone } = enrolled.given(undo);
    value(await phone.enrol(enrolled.server.offer({ serial: 'PIPU2', poll_only: 'True' })));
    value(await phone.updateAddress('PIPU2', 'fcm:1'));
    assert.equal(enrolled.server.lastCall().fields.new_fb_token, 'no_firebase_token');
  });

  it('reports the reason of a failure, and drops the address then', async () => {
    const { phone, file } = enrolled.given(undo);
    enrolled.server.says = () => bad(400, 10, 'ERR10: Could not verify signature!');
    assert.match(reason(await phone.updateAddress('PIPU1', 'fcm:1')), /10: ERR10/);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /fcm:1/);
    value(phone.scan(enrolled.server.offer({ serial: 'PIPU3' })));
    assert.match(reason(await phone.updateAddress('PIPU3', 'fcm:1')), /not rolled out/);
    assert.match(reason(await phone.updateAddress('PIPU9', 'fcm:1')), /no token PIPU9/);
  });
});
