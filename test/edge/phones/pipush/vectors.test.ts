import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { expandTags } from '../../../../src/edge/formats/privacyidea/index.ts';
import { openPipush } from '../../../../src/edge/phones/pipush/protocol.ts';
import { rolloutUrl } from '../../../../src/edge/phones/pipush/rollout-url.ts';
import {
  addressString,
  answerString,
  capabilitiesString,
  challengeString,
  inLines,
  isSignedBy,
  pollString,
  readPhoneKey,
} from '../../../../src/edge/phones/pipush/signature.ts';
import { checkTimestamp } from '../../../../src/edge/phones/pipush/timestamp.ts';
import { decodeBase32, encodeBase32, signRsaSha256 } from '../../../../src/foundation/crypto/index.ts';
import type { Challenge, PushToken } from '../../../../src/foundation/model/index.ts';
import { givenPushToken } from '../../../kit/records.ts';
import { readVectors } from '../../../kit/vectors.ts';

type Keys = { server_private_pkcs1_pem: string; server_public_as_sent_to_phone: string; phone_public_spki_base64: string };
type UrlCase = {
  input: {
    url: string;
    ttl: string | number;
    issuer: string;
    serial: string;
    tokenlabel: string;
    user: string;
    realm: string;
    extra: Record<string, string | number | boolean>;
    pia_scheme?: boolean;
    type?: string;
  };
  output: string;
};
type ChallengeCase = {
  input: {
    nonce: string;
    url: string;
    serial: string;
    policy_text: string | null;
    policy_title: string | null;
    policy_ssl_verify: string | null;
    presence_options: string[] | null;
  };
  data: Record<string, string>;
  signed_string: string;
  capabilities_signed_string?: string;
};
type PhoneSignature = { kind: string; signed_string: string; signature: string; form: Record<string, string> };
type Negative = { case: string; signed_string_expected_by_server: string; signature: string };
type Section = {
  product: string;
  keys: Keys;
  enrol_urls: { cases: UrlCase[] };
  challenge_data: { cases: ChallengeCase[] };
  canonical_json?: { value: { capabilities: Record<string, unknown>; nonce: string }; canonical: string; server_signature?: string }[];
  phone_signatures: PhoneSignature[];
  negative_signatures: Negative[];
  public_key_forms: { cases: { form: string; pubkey: string; upstream: string }[] };
  ec_phone_key?: { public_spki_base64: string; signed_string: string; signature: string };
  timestamps: { now: string; timestamp: string; window_minutes: number; upstream: string }[];
};

const vectors = readVectors<Record<'privacyidea' | 'edumfa', Section>>('privacyidea.json');

for (const name of ['privacyidea', 'edumfa'] as const) {
  const section = vectors[name];
  describe(`pipush vectors of ${name}`, () => {
    const serverKey = createPrivateKey(section.keys.server_private_pkcs1_pem);
    const sign = (data: Uint8Array): Promise<Buffer> => signRsaSha256(serverKey, data);
    const phoneKey = section.keys.phone_public_spki_base64;
    const pipush = openPipush();
    const tokenOf = (serial: string, flavour: string): PushToken =>
      givenPushToken({ serial, phone: { protocol: 'pipush', flavour, part: {} }, phonePublicKey: phoneKey });

    it('writes every rollout URL', () => {
      assert.ok(section.enrol_urls.cases.length > 0);
      for (const { input, output } of section.enrol_urls.cases) {
        const scheme = input.type === 'edupush' ? 'edumfa-push' : input.pia_scheme ? 'pia' : 'otpauth';
        const facts = { serial: input.serial, user: input.user, realm: input.realm };
        const label = expandTags(input.tokenlabel, facts, 'label');
        const issuer = expandTags(input.issuer, facts, 'issuer');
        const text = rolloutUrl({ scheme, label, url: input.url, ttlMinutes: input.ttl, issuer, extras: Object.entries(input.extra) });
        assert.equal(text, output);
      }
    });

    it('offers every rollout with the parameters in their order', () => {
      for (const { input, output } of section.enrol_urls.cases) {
        const { extra } = input;
        const flavour = input.type === 'edupush' ? 'edupush' : name;
        const facts = { serial: input.serial, user: input.user, realm: input.realm };
        const unlock = (['any', 'biometric', 'pin'] as const).find((way) => way === extra.app_force_unlock);
        const text = pipush.offer({
          serial: String(extra.serial),
          flavour,
          url: input.url,
          credential: String(extra.enrollment_credential),
          lifeMs: Number(input.ttl) * 60_000,
          label: expandTags(input.tokenlabel, facts, 'label'),
          issuer: expandTags(input.issuer, facts, 'issuer'),
          sslVerify: extra.sslverify === '1',
          pollOnly: extra.poll_only === true,
          extras: {
            ...(extra.image === undefined ? {} : { image: String(extra.image) }),
            ...(input.pia_scheme ? { alternativeScheme: true } : {}),
            ...(extra.pin === true ? { appPin: true } : {}),
            ...(unlock ? { appUnlock: unlock } : {}),
          },
        });
        assert.equal(text, output);
      }
    });

    it('signs every challenge byte for byte', async () => {
      assert.ok(section.challenge_data.cases.length > 0);
      for (const { input, data, signed_string, capabilities_signed_string } of section.challenge_data.cases) {
        const options = input.presence_options;
        const prompt = {
          title: input.policy_title ?? (name === 'edumfa' ? 'eduMFA' : 'privacyIDEA'),
          question: input.policy_text ?? 'Do you want to confirm the login?',
          shape: 'question' as const,
          isExact: false,
          url: input.url,
          sslVerify: input.policy_ssl_verify !== '0',
          tellsCapabilities: true,
          mode: options ? ('presence' as const) : ('confirm' as const),
          ...(options ? { options } : {}),
        };
        const random = decodeBase32(input.nonce);
        assert.ok(random);
        const { handle, payload } = await pipush.seal(tokenOf(input.serial, name), prompt, { randomBytes: () => random, now: 0, sign });
        assert.equal(handle, input.nonce);
        assert.deepEqual(JSON.parse(payload), data);
        const fields = {
          nonce: data.nonce ?? '',
          url: data.url ?? '',
          serial: data.serial ?? '',
          question: data.question ?? '',
          title: data.title ?? '',
          sslverify: data.sslverify ?? '',
        };
        assert.equal(
          challengeString({ ...fields, ...(data.require_presence ? { require_presence: data.require_presence } : {}) }),
          signed_string,
        );
        if (capabilities_signed_string) assert.equal(capabilitiesString({ decline_reason: true }, handle), capabilities_signed_string);
      }
    });

    it('writes canonical JSON', async () => {
      for (const { value, canonical, server_signature } of section.canonical_json ?? []) {
        assert.equal(capabilitiesString(value.capabilities, value.nonce), canonical);
        if (server_signature) assert.equal(encodeBase32(await sign(Buffer.from(canonical))), server_signature);
      }
    });

    it('reads every signature of the phone', () => {
      assert.ok(section.phone_signatures.length > 0);
      for (const { kind, signed_string, signature, form } of section.phone_signatures) {
        const serial = form.serial ?? '';
        const token = tokenOf(serial, name);
        const timestamp = form.timestamp ?? '';
        if (kind === 'poll') {
          assert.equal(pollString(serial, timestamp), signed_string);
          assert.ok(pipush.readPoll({ timestamp, signature }, token));
        } else if (kind === 'update_firebase_token') {
          const address = form.new_fb_token ?? '';
          assert.equal(addressString(address, serial, timestamp), signed_string);
          const { kind: addressKind, value } = pipush.readAddressUpdate({ address, timestamp, signature }, token) ?? {};
          assert.deepEqual({ addressKind, value }, { addressKind: 'fcm', value: address });
        } else {
          assert.deepEqual(meaningOf(form, signature, token), {
            verdict: form.decline === '1' ? 'declined' : 'accepted',
            text: signed_string,
          });
        }
      }
    });

    const meaningOf = (form: Record<string, string>, signature: string, token: PushToken): object | undefined => {
      const nonce = form.nonce ?? '';
      const challenge: Challenge = {
        serial: token.serial,
        phone: 'pipush',
        phoneKey: '',
        handle: nonce,
        payload: '',
        state: 'pending',
        maxWrong: 2,
        wrongTries: 0,
        mode: form.presence_answer === undefined ? 'confirm' : 'presence',
        ...(form.presence_answer === undefined ? {} : { rightOption: form.presence_answer }),
      };
      const decline = form.decline === '1';
      const fields = {
        ...(form.decline_reason ? { reason: form.decline_reason } : {}),
        ...(form.presence_answer === undefined ? {} : { option: form.presence_answer }),
      };
      const meaning = pipush.readAnswer({ nonce, signature, decline, ...fields }, challenge, token);
      return meaning && { verdict: meaning.verdict, text: answerString({ nonce, serial: token.serial, decline, ...fields }) };
    };

    it('refuses every signature that is not one', () => {
      assert.ok(section.negative_signatures.length > 0);
      const key = readPhoneKey(phoneKey);
      assert.ok(key);
      for (const { case: wrong, signed_string_expected_by_server, signature } of section.negative_signatures) {
        assert.equal(isSignedBy(key, signed_string_expected_by_server, signature), false, wrong);
      }
    });

    it('reads the public key of the phone in the forms that upstream accepts, and no others', () => {
      assert.ok(section.public_key_forms.cases.length > 0);
      for (const { form, pubkey, upstream } of section.public_key_forms.cases) {
        assert.equal(pipush.readRollout({ pubkey, fbtoken: 'fcm' }).ok, upstream === 'accepted', form);
      }
    });

    it('reads a key that is nearly all padding in no time', () => {
      assert.equal(readPhoneKey(`${'='.repeat(400_000)}A`), undefined);
      assert.equal(readPhoneKey(`${'A'.repeat(400_000)}!`), undefined);
    });

    it('sends its own public key as PKCS#1 in lines', () => {
      const publicKey = createPublicKey(serverKey).export({ type: 'pkcs1', format: 'der' }).toString('base64');
      assert.equal(inLines(publicKey), section.keys.server_public_as_sent_to_phone);
    });

    it('accepts an EC phone key where upstream does', () => {
      const { ec_phone_key } = section;
      if (!ec_phone_key) return;
      const read = pipush.readRollout({ pubkey: ec_phone_key.public_spki_base64, fbtoken: '' });
      const key = readPhoneKey(ec_phone_key.public_spki_base64);
      assert.ok(read.ok && key);
      assert.equal(isSignedBy(key, ec_phone_key.signed_string, ec_phone_key.signature), true);
    });

    it('judges every timestamp', () => {
      assert.ok(section.timestamps.length > 0);
      for (const { now, timestamp, window_minutes, upstream } of section.timestamps) {
        const checked = checkTimestamp(timestamp, Date.parse(now), window_minutes * 60_000);
        assert.equal(checked.ok ? 'ok' : `ERR10: ${checked.error}`, upstream);
      }
    });
  });
}
