import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { answerForm } from '../../src/virtual-phone/answer.ts';
import { openMessage, readMessage } from '../../src/virtual-phone/challenge.ts';
import { readEdumfaOffer } from '../../src/virtual-phone/edumfa-uri.ts';
import { type AppName, openPhone } from '../../src/virtual-phone/index.ts';
import { pollFields } from '../../src/virtual-phone/poll.ts';
import { readServerKey, signText } from '../../src/virtual-phone/signature.ts';
import { cleanup } from '../kit/temporary.ts';
import { readVectors } from '../kit/vectors.ts';
import { givenPhone, reason, shown, value } from './phone-kit.ts';
import { bad, type FakeServer, good, type Says, signedBy, startServer } from './server-kit.ts';

const offer = (changes: Record<string, string | undefined> = {}, start = 'edumfa-push://edumfa/alice'): string => {
  const all = { url: 'https%3A//pi.example.com/ttype/edupush', v: '1', serial: 'EDUP1', enrollment_credential: 'c0ffee', ...changes };
  const given = Object.entries(all).flatMap(([key, text]) => (text === undefined ? [] : [`${key}=${text}`]));
  return `${start}?${given.join('&')}`;
};

describe("Reading a QR code with eduMFA's apps", () => {
  it('reads the given fields, and uses the defaults for the rest', () => {
    const full = offer({ ttl: '7', issuer: 'My%20Uni', sslverify: '0', pin: 'True', image: 'https%3A//x/a.png' });
    assert.deepEqual(value(readEdumfaOffer(full, 'image')), {
      serial: 'EDUP1',
      label: 'alice',
      issuer: 'My Uni',
      url: 'https://pi.example.com/ttype/edupush',
      ttlMinutes: 7,
      sslVerify: false,
      pollOnly: false,
      pin: true,
      image: 'https://x/a.png',
      credential: 'c0ffee',
    });
    const { ttlMinutes, sslVerify, pin } = value(readEdumfaOffer(offer({ pin: 'true' }), 'image'));
    assert.deepEqual({ ttlMinutes, sslVerify, pin }, { ttlMinutes: 10, sslVerify: true, pin: false });
  });

  it('finds the picture only where the newer app looks for it', () => {
    const both = offer({ image: 'https%3A//x/a.png', imageUri: 'https%3A//x/b.png' });
    assert.equal(value(readEdumfaOffer(both, 'imageUri')).image, 'https://x/b.png');
    assert.equal(value(readEdumfaOffer(offer({ image: 'https%3A//x/a.png' }), 'imageUri')).image, undefined);
  });

  const refusals: [string, string, RegExp][] = [
    ['the scheme of another app', offer({}, 'otpauth://pipush/alice'), /not an edumfa-push/],
    ['another version', offer({ v: '2' }), /v must be 1/],
    ['no version', offer({ v: undefined }), /v must be 1/],
    ['no serial', offer({ serial: undefined }), /serial is missing/],
    ['no URL', offer({ url: undefined }), /url is missing/],
    ['no credential', offer({ enrollment_credential: undefined }), /enrollment_credential is missing/],
    ['a broken escape', offer({ issuer: '%E4' }), /broken percent escape/],
  ];
  for (const [title, text, why] of refusals) it(`refuses ${title}`, () => assert.match(reason(readEdumfaOffer(text, 'image')), why));
});

describe("The virtual phone with eduMFA's apps", function () {
  this.timeout(20_000);
  const undo = cleanup();
  let server: FakeServer;
  before(async () => {
    server = await startServer();
  });
  beforeEach(() => server.reset());
  afterEach(() => undo.run());
  after(() => server.stop());

  const enrolled = async (app: AppName, says?: (body: string) => Says) => {
    const given = givenPhone(undo, { app, ecKeys: true });
    const { pkcs1 } = server;
    server.says = ({ method, body }) =>
      body.includes('pubkey') ? good(true, { public_key: pkcs1 }) : (says?.(body) ?? good(method === 'GET' ? [] : true));
    value(await given.phone.enrol(offer({ serial: 'EDUP1', url: encodeURIComponent(server.url) }), { fcmToken: 'address' }));
    return given;
  };
  const json = (): Record<string, unknown> => JSON.parse(server.lastCall().body);
  const message = (given: object = {}) => server.message({ serial: 'EDUP1', ...given });

  it('the eduMFA Authenticator sends forms, without capabilities', async () => {
    const { phone } = await enrolled('edumfa');
    const { pubkey = '', ...rollout } = server.lastCall().fields;
    assert.deepEqual(rollout, { serial: 'EDUP1', enrollment_credential: 'c0ffee', fbtoken: 'address' });
    assert.equal(createPublicKey({ key: Buffer.from(pubkey, 'base64'), format: 'der', type: 'spki' }).asymmetricKeyType, 'ec');
    await phone.poll();
    assert.deepEqual(Object.keys(server.lastCall().fields), ['serial', 'timestamp', 'signature']);
    await phone.decline(shown(phone, message()), { reason: 'cancelled' });
    const { signature, ...answer } = server.lastCall().fields;
    assert.deepEqual(answer, { serial: 'EDUP1', nonce: 'NONCEA', decline: '1' });
    assert.ok(signedBy(pubkey, 'NONCEA|EDUP1|decline', signature));
    assert.match(server.lastCall().headers['user-agent'] ?? '', /^eduMFA-App\//);
  });

  it('authenticator-next sends JSON, with a number for yes or no', async () => {
    const { phone } = await enrolled('edumfa-next');
    const { pubkey, ...rollout } = json();
    assert.deepEqual(rollout, { serial: 'EDUP1', enrollment_credential: 'c0ffee', fbtoken: 'address' });
    assert.equal(server.lastCall().headers['content-type'], 'application/json');
    for (const [verdict, number, text] of [
      ['approve', 0, 'ONE|EDUP1'],
      ['decline', 1, 'TWO|EDUP1|decline'],
    ] as const) {
      value(await phone[verdict](shown(phone, message({ nonce: text.slice(0, 3) }))));
      const { signature, ...answer } = json();
      assert.deepEqual(answer, { nonce: text.slice(0, 3), serial: 'EDUP1', decline: number });
      assert.ok(signedBy(String(pubkey), text, String(signature)));
    }
  });

  it('authenticator-next answers at the URL of its enrolment, the other app at the URL of the message', async () => {
    for (const [app, path] of [
      ['edumfa-next', '/ttype/push'],
      ['edumfa', '/elsewhere'],
    ] as const) {
      const { phone } = await enrolled(app);
      value(await phone.approve(shown(phone, message({ url: server.url.replace('/ttype/push', '/elsewhere') }))));
      assert.equal(server.lastCall().path, path);
    }
  });

  it('authenticator-next reads 204 and 404 as an empty poll, the other app as a failure', async () => {
    for (const says of [{ status: 204, body: '' }, bad(404, 601, 'gone')]) {
      const next = await enrolled('edumfa-next', (body) => (body === '' ? says : good(true)));
      assert.deepEqual(await next.phone.poll(), [{ serial: 'EDUP1', requests: [], duplicates: [], refused: [] }]);
      assert.equal(server.lastCall().headers.accept, 'application/json');
      const { phone } = await enrolled('edumfa', (body) => (body === '' ? says : good(true)));
      assert.ok((await phone.poll())[0]?.failed);
    }
  });

  it('keep their tokens when the phone is switched on with another app', async () => {
    const { file, clock } = await enrolled('edumfa-next');
    const phone = openPhone({ file, clock });
    undo.later(() => phone.close());
    await phone.poll();
    assert.equal(server.lastCall().headers.accept, 'application/json');
    assert.match(reason(await phone.updateAddress('EDUP1', 'x')), /cannot change its address/);
    assert.match(reason(phone.scan(offer({ serial: 'EDUP2' }))), /not an otpauth/);
  });
});

type Fields = Record<string, string>;
type Section = {
  keys: { server_public_as_sent_to_phone: string; phone_private_pkcs8_pem: string };
  enrol_urls: { cases: { input: { url: string; ttl: string | number; type: string; extra: Record<string, unknown> }; output: string }[] };
  challenge_data: { cases: { data: Fields }[] };
  phone_signatures: { kind: string; signature: string; form: Fields }[];
  ec_phone_key: { private_pkcs8_pem: string; public_spki_base64: string; signed_string: string };
};

describe('The virtual phone and the golden vectors of eduMFA', () => {
  const { keys, enrol_urls, challenge_data, phone_signatures, ec_phone_key } = readVectors<{ edumfa: Section }>('privacyidea.json').edumfa;
  const serverKey = value(readServerKey(keys.server_public_as_sent_to_phone));
  const own = enrol_urls.cases.filter(({ input }) => input.type === 'edupush');

  it('has vectors to try', () => {
    for (const { length } of [own, challenge_data.cases, phone_signatures]) assert.ok(length > 0);
  });

  it('reads the enrolment URLs of the vectors', () => {
    for (const { input, output } of own) {
      const read = value(readEdumfaOffer(output, 'image'));
      const { enrollment_credential, serial, image, sslverify, pin } = input.extra;
      assert.deepEqual(
        [read.serial, read.url, read.ttlMinutes, read.credential, read.image, read.sslVerify, read.pin],
        [serial, input.url, Number(input.ttl), enrollment_credential, image, sslverify === '1', pin === true],
      );
    }
  });

  it('accepts the challenges of the vectors, but not with another question', () => {
    for (const { data } of challenge_data.cases) {
      assert.deepEqual(value(openMessage(value(readMessage(data)), serverKey, 0)).ask, { kind: 'confirm' });
      const forged = value(readMessage({ ...data, question: `${data.question} ` }));
      assert.match(reason(openMessage(forged, serverKey, 0)), /signature/);
    }
  });

  it('signs as the vectors do', () => {
    for (const { form, signature } of phone_signatures) {
      const { nonce = '', serial = '', timestamp, new_fb_token: address } = form;
      if (address !== undefined) continue;
      const key = keys.phone_private_pkcs8_pem;
      const signed = timestamp ? pollFields(key, serial, timestamp) : answerForm(key, { nonce, serial }, { decline: form.decline === '1' });
      assert.deepEqual(signed, { ...form, signature });
    }
  });

  it('signs with the EC key of the vectors, verifiable with its public key', () => {
    const { private_pkcs8_pem, public_spki_base64, signed_string } = ec_phone_key;
    assert.ok(signedBy(public_spki_base64, signed_string, signText(private_pkcs8_pem, signed_string)));
  });
});
