import assert from 'node:assert/strict';
import { addressForm } from '../../src/virtual-phone/address-update.ts';
import { answerForm } from '../../src/virtual-phone/answer.ts';
import { openMessage, readMessage } from '../../src/virtual-phone/challenge.ts';
import { openPhoneFile } from '../../src/virtual-phone/file.ts';
import { openInbox } from '../../src/virtual-phone/inbox.ts';
import { pollFields } from '../../src/virtual-phone/poll.ts';
import { readServerKey } from '../../src/virtual-phone/signature.ts';
import { readOffer } from '../../src/virtual-phone/uri.ts';
import { cleanup } from '../kit/temporary.ts';
import { readVectors } from '../kit/vectors.ts';
import { givenPhone, reason, value } from './phone-kit.ts';

type Fields = Record<string, string>;
type Vectors = {
  privacyidea: {
    keys: { server_public_as_sent_to_phone: string; phone_private_pkcs8_pem: string };
    enrol_urls: {
      cases: { input: { url: string; ttl: string | number; serial: string; extra: Record<string, unknown> }; output: string }[];
    };
    challenge_data: { cases: { data: Fields }[] };
    phone_signatures: { kind: string; signature: string; form: Fields }[];
  };
};

describe('The virtual phone and the golden vectors', () => {
  const { keys, enrol_urls, challenge_data, phone_signatures } = readVectors<Vectors>('privacyidea.json').privacyidea;
  const serverKey = value(readServerKey(keys.server_public_as_sent_to_phone));
  const open = (data: unknown) => openMessage(value(readMessage(data)), serverKey, 0);

  it('has vectors to try', () => {
    for (const { length } of [enrol_urls.cases, challenge_data.cases, phone_signatures]) assert.ok(length > 0);
  });

  for (const [at, { input, output }] of enrol_urls.cases.entries()) {
    it(`reads enrolment URL ${at} of the vectors`, () => {
      const offer = value(readOffer(output));
      const { extra } = input;
      const isTrue = (given: unknown) => /^(1|true)$/i.test(String(given));
      assert.equal(offer.serial, input.serial);
      assert.equal(new URL(offer.url).href, new URL(input.url).href);
      assert.equal(offer.ttlMinutes, Number(input.ttl));
      assert.equal(offer.credential, extra.enrollment_credential);
      assert.equal(offer.image, extra.image);
      assert.equal(offer.forceUnlock, extra.app_force_unlock);
      assert.equal(offer.sslVerify, isTrue(extra.sslverify ?? '1'));
      assert.equal(offer.pollOnly, isTrue(extra.poll_only));
      assert.equal(offer.pin, isTrue(extra.pin));
    });
  }

  for (const [at, { data }] of challenge_data.cases.entries()) {
    it(`accepts challenge ${at} of the vectors`, () => {
      const request = value(open(data));
      const presence = data.require_presence?.split(',');
      assert.deepEqual(request.ask, presence ? { kind: 'choice', options: presence } : { kind: 'confirm' });
      const { nonce, serial, title, question, url } = data;
      assert.deepEqual(
        { nonce, serial, title, question, url },
        { nonce: request.nonce, serial: request.serial, title: request.title, question: request.question, url: request.url },
      );
      assert.deepEqual(request.capabilities, JSON.parse(data.capabilities ?? '{}'));
    });

    const flipped = (text = '') => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
    const changes: Record<string, string | undefined> = {
      nonce: flipped(data.nonce),
      question: `${data.question} `,
      serial: `${data.serial}0`,
      title: `${data.title}|`,
      sslverify: data.sslverify === '1' ? '0' : '1',
      url: `${data.url}x`,
      require_presence: data.require_presence === undefined ? 'A' : undefined,
      signature: flipped(data.signature),
      ...(data.capabilities && { capabilities: '{"other": true}', capabilities_signature: flipped(data.capabilities_signature) }),
    };
    for (const [field, changed] of Object.entries(changes)) {
      it(`refuses challenge ${at} of the vectors with another ${field}`, () => {
        assert.match(reason(open({ ...data, [field]: changed })), /signature/);
      });
    }
  }

  it('refuses the challenges of the vectors without such a token', () => {
    const undo = cleanup();
    const { file, clock } = givenPhone(undo);
    const inbox = openInbox({ file: openPhoneFile(file), clock });
    for (const { data } of challenge_data.cases) assert.equal(inbox.take(value(readMessage(data))).kind, 'refused');
    return undo.run();
  });

  for (const [at, { kind, form, signature }] of phone_signatures.entries()) {
    it(`signs ${kind} (${at}) exactly as the vectors do`, () => {
      const { nonce = '', serial = '', timestamp = '', new_fb_token: address } = form;
      const key = keys.phone_private_pkcs8_pem;
      const verdict = { decline: form.decline === '1', reason: form.decline_reason, option: form.presence_answer };
      const signed = () => {
        if (address !== undefined) return addressForm(key, { serial, address, timestamp });
        return timestamp ? pollFields(key, serial, timestamp) : answerForm(key, { nonce, serial }, verdict);
      };
      assert.deepEqual(signed(), { ...form, signature });
    });
  }
});
