import assert from 'node:assert/strict';
import { type ChallengeContent, challengeText, challengeUrl, signatureIn } from '../../../../src/edge/phones/linotp/challenge-url.ts';
import { agreementKey, agreementSecret, keysOf } from '../../../../src/edge/phones/linotp/curves.ts';
import { openEax, sealEax } from '../../../../src/edge/phones/linotp/eax.ts';
import { fromBase64, toBase64Url } from '../../../../src/edge/phones/linotp/encoding.ts';
import { openPairingResponse, readPairingResponse } from '../../../../src/edge/phones/linotp/pairing-response.ts';
import { pairingUrl } from '../../../../src/edge/phones/linotp/pairing-url.ts';
import { answerText } from '../../../../src/edge/phones/linotp/signature.ts';
import { newTransactionId, transactionIdOf, transactionNumber } from '../../../../src/edge/phones/linotp/transaction-number.ts';
import {
  agreeX25519,
  rawBytesOf,
  rawPrivateKey,
  rawPublicKey,
  signEd25519,
  verifyEd25519,
} from '../../../../src/foundation/crypto/index.ts';
import type { Result } from '../../../../src/foundation/model/index.ts';
import { readVectors } from '../../../kit/vectors.ts';
import { hex, type LinotpVectors, partitionSeed, phoneSeed } from './vectors.ts';

const vectors = readVectors<LinotpVectors>('linotp.json');

function value<T>(result: Result<T, string>): T {
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

describe('LinOTP vectors', () => {
  it('are there', () => {
    const { partition_keys, phone_keys, pairing_urls, pairing_responses, challenge_urls, transaction_id_u64 } = vectors;
    for (const section of [partition_keys, phone_keys, pairing_urls, pairing_responses, challenge_urls, transaction_id_u64])
      assert.ok(section.length > 0);
  });

  for (const key of [...vectors.partition_keys, ...vectors.phone_keys]) {
    it(`make both kinds of key of one seed: ${'partition' in key ? key.partition : key.name}`, () => {
      const seed = hex(key.seed_hex);
      const signing = rawPrivateKey('ed25519', seed);
      assert.equal(rawBytesOf(signing).toString('hex'), key.ed25519_public_hex);
      assert.equal(key.ed25519_secret_hex, key.seed_hex + key.ed25519_public_hex);
      assert.equal(agreementSecret(seed).toString('hex'), key.x25519_secret_hex);
      assert.equal(agreementKey(hex(key.ed25519_public_hex))?.toString('hex'), key.x25519_public_hex);
      assert.equal(rawBytesOf(rawPrivateKey('x25519', agreementSecret(seed))).toString('hex'), key.x25519_public_hex);
    });
  }

  it('write and read base64, as tolerant as the real server', () => {
    for (const { bytes_hex, b64url } of vectors.base64url.roundtrip) {
      assert.equal(toBase64Url(hex(bytes_hex)), b64url);
      assert.equal(fromBase64(b64url)?.toString('hex'), bytes_hex);
    }
    for (const { text, bytes_hex } of vectors.base64url.decoder_tolerance_of_real_server)
      assert.equal(fromBase64(text)?.toString('hex'), bytes_hex, text);
  });

  for (const { transaction_id, u64, le_hex } of vectors.transaction_id_u64) {
    it(`turn the transaction id ${transaction_id} into a number and back`, () => {
      const number = value(transactionNumber(transaction_id));
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(number);
      assert.deepEqual([String(number), bytes.toString('hex')], [u64, le_hex]);
      assert.equal(transactionIdOf(number), transaction_id);
    });
  }

  for (const { input, url, raw_hex } of vectors.pairing_urls) {
    it(`write the pairing URL of ${input.token_type} ${input.serial ?? 'without serial'}`, () => {
      const written = value(pairingUrl(pairingFields(input)));
      assert.equal(written, url);
      if (raw_hex !== undefined) assert.equal(fromBase64(written.slice(written.lastIndexOf('/') + 1))?.toString('hex'), raw_hex);
    });
  }

  for (const { case: what, input } of vectors.pairing_url_errors) {
    it(`write no pairing URL: ${what}`, () => {
      const isKnown = vectors.partition_keys.some(({ partition }) => partition === input.partition);
      // The lookup of keys detects a partition without a key; the layout checks all else.
      if (!isKnown && typeof input.partition === 'number') assert.throws(() => partitionSeed(vectors, Number(input.partition)));
      else assert.equal(pairingUrl(pairingFields(input)).ok, false);
    });
  }

  for (const { name, input, intermediate, pairing_response, real_server_parsed } of vectors.pairing_responses) {
    it(`open the pairing response: ${name}`, () => {
      const response = value(readPairingResponse(pairing_response));
      const secret = rawPrivateKey('x25519', agreementSecret(partitionSeed(vectors, input.partition)));
      assert.equal(response.partition, input.partition);
      assert.equal(response.header.toString('hex'), intermediate.header_aad_hex);
      assert.equal(response.ephemeral.toString('hex'), intermediate.R_hex);
      const shared = agreeX25519(secret, response.ephemeral) ?? Buffer.alloc(0);
      assert.equal(shared.toString('hex'), intermediate.shared_secret_hex);
      assert.deepEqual(keysOf(shared), { key: hex(intermediate.aes_key_hex), nonce: hex(intermediate.eax_nonce_hex) });
      const { tokenType, tokenId, publicKey, serial, login, ...rest } = value(openPairingResponse(response, secret));
      const { token_type, user_public_key_hex, user_token_id, user_login, ...others } = real_server_parsed;
      assert.deepEqual(
        [tokenType, publicKey.toString('hex'), tokenId, login],
        [token_type, user_public_key_hex, user_token_id, user_login],
      );
      assert.deepEqual({ serial, ...rest }, others);
    });

    it(`seal the pairing response again, byte for byte: ${name}`, () => {
      const parts = {
        key: hex(intermediate.aes_key_hex),
        nonce: hex(intermediate.eax_nonce_hex),
        header: hex(intermediate.header_aad_hex),
      };
      const sealed = sealEax(parts, hex(intermediate.plaintext_hex));
      assert.equal(sealed.toString('hex'), intermediate.ciphertext_hex + intermediate.eax_tag_hex);
      assert.equal(openEax(parts, sealed)?.toString('hex'), intermediate.plaintext_hex);
    });
  }

  for (const { case: what, pairing_response, real_server, serial } of vectors.pairing_response_negative) {
    it(`${real_server === 'accepted' ? 'open' : 'refuse'} a pairing response: ${what}`, () => {
      const opened = openByPartition(pairing_response);
      assert.equal(opened?.serial, real_server === 'accepted' ? serial : undefined);
    });
  }

  for (const { name, input, challenge_url, layout, decryption, sig_base_hex, accept, deny } of vectors.challenge_urls) {
    it(`write the challenge URL and its answers: ${name}`, async () => {
      const text = value(challengeText(textFields(input)));
      assert.equal(text.toString('hex'), decryption.plaintext_hex);
      const server = rawPrivateKey('ed25519', partitionSeed(vectors, input.partition));
      const phone = rawPrivateKey('ed25519', phoneSeed(vectors, input.phone));
      const url = value(
        await challengeUrl(text, {
          scheme: 'lseqr',
          tokenId: input.user_token_id,
          agreementKey: agreementKey(rawBytesOf(phone)) ?? Buffer.alloc(0),
          ephemeral: hex(input.ephemeral_secret_r_hex),
          sign: async (data) => signEd25519(server, data),
        }),
      );
      assert.equal(url, challenge_url);
      const signature = signatureIn(url) ?? Buffer.alloc(0);
      assert.equal(signature.toString('hex'), layout.server_signature_hex);
      assert.equal(Buffer.concat([signature, text]).toString('hex'), sig_base_hex);
      for (const [word, answer] of [['ACCEPT', accept] as const, ['DENY', deny] as const]) {
        const signed = answerText(word, signature, text);
        assert.equal(signed.toString('hex'), answer.to_be_signed_hex);
        assert.equal(toBase64Url(signEd25519(phone, signed)), answer.signature_b64url);
        assert.ok(verifyEd25519(rawPublicKey('ed25519', rawBytesOf(phone)), signed, hex(answer.signature_hex)));
      }
    });
  }

  for (const { case: what, input } of vectors.challenge_url_errors) {
    it(`write no challenge URL: ${what}`, () => {
      // Content that TypeScript would reject counts as missing.
      const serial = 'S'.repeat(64);
      const content = what.startsWith('pairing') ? ({ kind: 'pairing', serial } as const) : contentOf(input);
      assert.ok(content === undefined || !challengeText({ ...textFields(input), content }).ok);
    });
  }

  it('generate ids of 17 digits that do not begin with 0', () => {
    for (const byte of [0, 1, 127, 255]) assert.match(newTransactionId(Buffer.alloc(16, byte)), /^[1-9]\d{16}$/);
  });

  it('detect keys that verify every signature', () => {
    const neutral = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
    assert.equal(agreementKey(neutral), undefined);
    assert.equal(agreementKey(Buffer.alloc(32)), undefined);
    assert.equal(agreementKey(Buffer.alloc(32, 0xff)), undefined);
  });
});

type PairingInput = LinotpVectors['pairing_urls'][number]['input'];

function pairingFields(input: PairingInput) {
  const seed = () => partitionSeed(vectors, Number(input.partition ?? 0));
  const own = input.use_cert
    ? { sign: (data: Uint8Array) => signEd25519(rawPrivateKey('ed25519', seed()), data) }
    : { publicKey: rawBytesOf(rawPrivateKey('ed25519', seed())) };
  return {
    scheme: input.mobile_app_protocol_id ?? 'lseqr',
    tokenType: input.token_type,
    partition: input.partition as number,
    ...own,
    ...(input.serial === undefined ? {} : { serial: input.serial }),
    ...(input.callback_url === undefined ? {} : { callbackUrl: input.callback_url }),
    ...(input.callback_sms_number === undefined ? {} : { smsNumber: input.callback_sms_number }),
    ...(input.otp_pin_length === undefined ? {} : { otpLength: input.otp_pin_length }),
    ...(input.hash_algorithm === undefined ? {} : { hash: input.hash_algorithm }),
  };
}

function openByPartition(text: string) {
  const response = readPairingResponse(text);
  if (!response.ok) return undefined;
  const key = vectors.partition_keys.find(({ partition }) => partition === response.value.partition);
  if (!key) return undefined;
  const opened = openPairingResponse(response.value, rawPrivateKey('x25519', agreementSecret(hex(key.seed_hex))));
  return opened.ok ? opened.value : undefined;
}

type ChallengeInput = LinotpVectors['challenge_urls'][number]['input'];

function contentOf({ content_type, message, login, host, serial }: Partial<ChallengeInput>): ChallengeContent | undefined {
  if (content_type === 0 && message !== undefined) return { kind: 'signreq', message };
  if (content_type === 1 && serial !== undefined) return { kind: 'pairing', serial };
  if (content_type === 2 && login !== undefined && host !== undefined) return { kind: 'login', login, host };
  return undefined;
}

function textFields(input: Partial<ChallengeInput>) {
  return {
    content: contentOf(input) ?? { kind: 'signreq', message: '' },
    transactionId: input.transaction_id ?? '',
    callbackUrl: input.callback_url ?? '',
    now: (input.unix_time ?? 0) * 1000,
  } as const;
}
