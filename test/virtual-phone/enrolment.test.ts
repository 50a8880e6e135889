import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openHttp, type WireOptions } from '../../src/foundation/wire/index.ts';
import { openPhone } from '../../src/virtual-phone/index.ts';
import { fakeClock, minutes } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Enrolled, enrolOnce, givenPhone, reason, value } from './phone-kit.ts';
import { bad, good } from './server-kit.ts';

describe('Enrolling the virtual phone', () => {
  const undo = cleanup();
  let enrolled: Enrolled;
  before(async () => {
    enrolled = await enrolOnce();
  });
  beforeEach(() => enrolled.server.reset());
  afterEach(() => undo.run());
  after(() => enrolled.end());

  it('sends what the app sends, and keeps the key of the server', async () => {
    const { server } = enrolled;
    const { phone } = givenPhone(undo);
    // when the QR code is scanned
    const token = value(await phone.enrol(server.offer()));
    // then the form is the app's
    const { method, headers, fields } = server.lastCall();
    const { pubkey, ...rest } = fields;
    assert.equal(method, 'POST');
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded; charset=utf-8');
    assert.match(headers['user-agent'] ?? '', /^privacyIDEA-App\/[\d.]+ \w+\/\d+$/);
    assert.deepEqual(rest, {
      serial: 'PIPU1',
      enrollment_credential: 'c0ffee',
      fbtoken: 'no_firebase_token',
      capabilities: '["decline_reason"]',
    });
    // and the key is an SPKI on one line
    assert.match(pubkey ?? '', /^[A-Za-z0-9+/]+=*$/);
    const key = createPublicKey({ key: Buffer.from(pubkey ?? '', 'base64'), format: 'der', type: 'spki' });
    assert.equal(key.asymmetricKeyDetails?.modulusLength, 2048);
    // and the token is there
    assert.equal(token.state, 'enrolled');
    assert.deepEqual(value(phone.list()), [token]);
  });

  it('makes a key of 4096 bits by default', async function () {
    this.timeout(120_000);
    const { file } = givenPhone(undo);
    const phone = openPhone({ file, clock: fakeClock() });
    undo.later(() => phone.close());
    value(await phone.enrol(enrolled.server.offer()));
    const key = Buffer.from(enrolled.server.lastCall().fields.pubkey ?? '', 'base64');
    assert.equal(createPublicKey({ key, format: 'der', type: 'spki' }).asymmetricKeyDetails?.modulusLength, 4096);
  });

  it('sends its device address to the server, except for a poll-only token', async () => {
    const { server } = enrolled;
    const { phone } = givenPhone(undo);
    await phone.enrol(server.offer(), { fcmToken: 'fcm:1' });
    assert.equal(server.lastCall().fields.fbtoken, 'fcm:1');
    await phone.enrol(server.offer({ serial: 'PIPU2', poll_only: 'True' }), { fcmToken: 'fcm:1' });
    assert.equal(server.lastCall().fields.fbtoken, 'no_firebase_token');
  });

  it('leaves out a credential that the offer does not have', async () => {
    const { phone } = givenPhone(undo);
    await phone.enrol(enrolled.server.offer().replace('&enrollment_credential=c0ffee', ''));
    assert.ok(!('enrollment_credential' in enrolled.server.lastCall().fields));
  });

  it('refuses an offer that has expired since the scan', async () => {
    const { phone, clock } = givenPhone(undo);
    // given an offer good for 10 minutes
    value(phone.scan(enrolled.server.offer()));
    // when they have passed
    clock.advance(minutes(10));
    // then nothing is sent
    assert.match(reason(await phone.rollout('PIPU1')), /too old: it was good for 10 minutes/);
    assert.equal(enrolled.server.calls.length, 0);
  });

  it('still rolls out at the last moment', async () => {
    const { phone, clock } = givenPhone(undo);
    value(phone.scan(enrolled.server.offer()));
    clock.advance(minutes(10) - 1);
    value(await phone.rollout('PIPU1'));
  });

  it('shows the message of a server that refuses, and tries again with the same key', async () => {
    const { server } = enrolled;
    const { phone } = givenPhone(undo);
    // given a server that knows nothing of the token yet
    server.says = () => bad(404, 601, 'The requested token could not be found.');
    assert.match(reason(await phone.enrol(server.offer())), /rollout failed: 601: The requested token could not be found\./);
    assert.equal(value(phone.list())[0]?.state, 'scanned');
    const first = server.lastCall();
    // when it does, and the user tries again
    server.reset();
    assert.equal(value(await phone.rollout('PIPU1')).state, 'enrolled');
    // then the form is the same to the last byte
    assert.equal(server.lastCall().body, first.body);
  });

  const uselessReplies: [string, () => ReturnType<typeof good>, RegExp][] = [
    ['a refusal that is not JSON', () => ({ status: 502, body: '<html>' }), /HTTP 502.*not JSON/],
    [
      'a good status with an error inside',
      () => ({ status: 200, body: { result: { status: false, error: { code: 10, message: 'no' } } } }),
      /10: no/,
    ],
    ['a bad status with a good text', () => ({ status: 400, body: { result: { status: true, value: true } } }), /HTTP 400/],
    ['a redirect', () => ({ status: 302, body: '' }), /HTTP 302/],
    ['a reply without a key', () => good(true), /no detail\.public_key/],
    ['a key that is no text', () => good(true, { public_key: 5 }), /no detail\.public_key/],
    [
      'an SPKI key',
      () => good(true, { public_key: enrolled.server.publicKey.export({ type: 'spki', format: 'der' }).toString('base64') }),
      /not a PKCS#1/,
    ],
    [
      'a key in PEM armour',
      () => good(true, { public_key: enrolled.server.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString() }),
      /not plain base64/,
    ],
    ['silence', () => 'stay silent', /did not answer in time/],
    ['a line cut off', () => 'hang up', /could not be reached/],
  ];
  for (const [title, says, expected] of uselessReplies) {
    it(`fails on ${title}`, async () => {
      const { phone } = givenPhone(undo, { timeoutMs: 500 });
      enrolled.server.says = says;
      assert.match(reason(await phone.enrol(enrolled.server.offer())), expected);
      assert.equal(value(phone.list())[0]?.state, 'scanned');
      assert.equal(enrolled.server.calls.length, 1);
    });
  }

  it('refuses a QR code that the app refuses, and stores nothing of it', async () => {
    const { phone } = givenPhone(undo);
    assert.match(reason(await phone.enrol(enrolled.server.offer({ v: '2' }))), /v must be 1/);
    assert.deepEqual(value(phone.list()), []);
  });

  it('refuses a serial that is enrolled, until it is removed', async () => {
    const { phone } = enrolled.given(undo);
    assert.match(reason(phone.scan(enrolled.server.offer())), /already on this phone/);
    assert.match(reason(await phone.rollout('PIPU1')), /rolled out already/);
    value(phone.remove('PIPU1'));
    value(phone.scan(enrolled.server.offer()));
    assert.match(reason(phone.remove('PIPU9')), /no token PIPU9/);
    assert.match(reason(await phone.rollout('PIPU9')), /no token PIPU9/);
  });

  it('allows a second scan of an offer that was only scanned, which restarts its validity', async () => {
    const { phone, clock } = givenPhone(undo);
    value(phone.scan(enrolled.server.offer()));
    clock.advance(minutes(9));
    value(phone.scan(enrolled.server.offer()));
    clock.advance(minutes(9));
    value(await phone.rollout('PIPU1'));
    assert.equal(value(phone.list()).length, 1);
  });

  it('asks for certificates to be checked, or not, as the QR code says', async () => {
    const asked: WireOptions[] = [];
    const watch: typeof openHttp = (options) => {
      asked.push(options);
      return openHttp(options);
    };
    const { phone } = givenPhone(undo, { openHttp: watch, ca: 'PEM' });
    await phone.enrol(enrolled.server.offer({ sslverify: '0' }));
    await phone.enrol(enrolled.server.offer({ serial: 'PIPU2' }));
    assert.deepEqual(asked, [
      { verifyTls: false, ca: 'PEM' },
      { verifyTls: true, ca: 'PEM' },
    ]);
  });

  describe('in its file', () => {
    it('keeps several tokens for the next start, readable by its owner only, without the used credential', async () => {
      const { phone, file } = enrolled.given(undo);
      // given a second token, and one that was only scanned
      value(await phone.enrol(enrolled.server.offer({ serial: 'PIPU2' })));
      value(phone.scan(enrolled.server.offer({ serial: 'PIPU3', enrollment_credential: 'beef' })));
      // when the phone starts anew
      const again = openPhone({ file, clock: fakeClock() });
      // then all are there
      assert.deepEqual(
        value(again.list()).map(({ serial, state }) => `${serial} ${state}`),
        ['PIPU1 enrolled', 'PIPU2 enrolled', 'PIPU3 scanned'],
      );
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const text = readFileSync(file, 'utf8');
      assert.ok(!text.includes('c0ffee') && text.includes('beef'));
      const pem = /-----BEGIN PRIVATE KEY-----[^"]+/.exec(text)?.[0].replaceAll('\\n', '\n') ?? '';
      assert.equal(createPrivateKey(pem).asymmetricKeyType, 'rsa');
      // and nothing else lies around
      assert.deepEqual(readdirSync(dirname(file)), ['phone.json']);
    });

    it('creates its folder', () => {
      const { phone } = givenPhone(undo, { file: join(dirname(givenPhone(undo).file), 'deep', 'down', 'phone.json') });
      value(phone.scan(enrolled.server.offer()));
      assert.equal(value(phone.list()).length, 1);
    });

    it('leaves a foreign file unchanged, and shows nothing of it', async () => {
      for (const text of ['{"secret', '{"version":2,"tokens":[]}', '[]']) {
        const { phone, file } = givenPhone(undo);
        writeFileSync(file, text);
        const refusals = [
          phone.list(),
          phone.scan(enrolled.server.offer()),
          phone.remove('PIPU1'),
          await phone.enrol(enrolled.server.offer()),
        ].map(reason);
        for (const each of [...refusals, (await phone.poll())[0]?.failed ?? ''])
          assert.match(each, /phone\.json (cannot be read|is not a phone file)(?!.*secret)/);
        assert.equal(readFileSync(file, 'utf8'), text);
      }
    });

    it('reports a failed write', () => {
      // given a folder in the place of the folder's own file
      const { file } = givenPhone(undo);
      writeFileSync(file, 'a file');
      const { phone } = givenPhone(undo, { file: join(file, 'phone.json') });
      assert.match(reason(phone.scan(enrolled.server.offer())), /cannot be written: E/);
      const blocked = givenPhone(undo);
      mkdirSync(blocked.file);
      assert.match(reason(blocked.phone.scan(enrolled.server.offer())), /cannot be read: EISDIR/);
    });
  });
});
