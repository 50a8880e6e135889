import assert from 'node:assert/strict';
import { openLinotp } from '../../../../src/edge/phones/linotp/index.ts';
import { readPairingResponse } from '../../../../src/edge/phones/linotp/pairing-response.ts';
import type { Prompt, SharedKey } from '../../../../src/engine/index.ts';
import { openSharedKeys } from '../../../../src/engine/index.ts';
import { rawBytesOf, rawPrivateKey, rawPublicKey, signEd25519 } from '../../../../src/foundation/crypto/index.ts';
import { newKeyring, openKeyring } from '../../../../src/foundation/keyring/index.ts';
import type { Challenge, PartitionKey, PushToken } from '../../../../src/foundation/model/index.ts';
import { givenChallenge, givenPushToken } from '../../../kit/records.ts';
import { readVectors } from '../../../kit/vectors.ts';
import { hex, type LinotpVectors, partitionSeed, phoneSeed } from './vectors.ts';

const vectors = readVectors<LinotpVectors>('linotp.json');
const linotp = openLinotp({ scheme: 'lseqr' });
type ChallengeVector = LinotpVectors['challenge_urls'][number];

function sharedKey(partition: number): SharedKey {
  const seed = partitionSeed(vectors, partition);
  const privateKey = rawPrivateKey('ed25519', seed);
  return { partition, seed, publicKey: rawBytesOf(privateKey), sign: async (data) => signEd25519(privateKey, data) };
}

function tokenOf({ serial = '', partition, user_token_id, phone }: ChallengeVector['input']): PushToken {
  const publicKey = rawBytesOf(rawPrivateKey('ed25519', phoneSeed(vectors, phone)));
  const agreementKey = vectors.phone_keys.find(({ name }) => name === phone)?.x25519_public_hex ?? '';
  return givenPushToken({
    serial,
    phonePublicKey: rawPublicKey('ed25519', publicKey).export({ type: 'spki', format: 'der' }).toString('base64'),
    phone: {
      protocol: 'linotp',
      flavour: 'linotp',
      part: { partition: String(partition), tokenId: String(user_token_id), agreementKey: hex(agreementKey).toString('base64') },
    },
  });
}

function promptOf({ content_type, message = '', login = '', host = '', callback_url = '' }: ChallengeVector['input']): Prompt {
  const shape = (['question', 'activation', 'login'] as const)[content_type] ?? 'question';
  const question = shape === 'login' ? login : message;
  return { title: host, question, shape, isExact: true, url: callback_url, sslVerify: true, tellsCapabilities: false, mode: 'confirm' };
}

async function sealed({ input }: ChallengeVector): Promise<Challenge> {
  const tools = {
    handle: input.transaction_id,
    randomBytes: () => hex(input.ephemeral_secret_r_hex),
    now: input.unix_time * 1000,
    sign: sharedKey(input.partition).sign,
  };
  return givenChallenge({ phone: 'linotp', ...(await linotp.seal(tokenOf(input), promptOf(input), tools)) });
}

describe('The phone protocol of LinOTP and its vectors', () => {
  it('offers push tokens byte for byte, under any scheme', () => {
    const offers = vectors.pairing_urls.filter(({ input }) => input.token_type === 'push' && input.callback_url && !input.use_cert);
    assert.ok(offers.length > 3);
    for (const { input, url } of offers) {
      const { offer } = openLinotp({ scheme: input.mobile_app_protocol_id ?? 'lseqr' });
      const shared = sharedKey(Number(input.partition));
      const rest = { flavour: 'linotp', label: '', issuer: '', credential: '', lifeMs: 0, sslVerify: true, pollOnly: false, extras: {} };
      assert.equal(offer({ ...rest, serial: input.serial ?? '', url: input.callback_url ?? '', shared }), url);
    }
  });

  it('reads pairing responses, and accepts push tokens only', () => {
    for (const { pairing_response, real_server_parsed: parsed } of vectors.pairing_responses) {
      const response = readPairingResponse(pairing_response);
      assert.ok(response.ok);
      const pairing = linotp.readPairing(response.value, sharedKey(linotp.partitionOf(response.value)));
      assert.equal(pairing.ok, parsed.token_type === 'push');
      if (!pairing.ok) continue;
      const { serial, addresses, part, publicKey } = pairing.value;
      assert.deepEqual([serial, addresses], [parsed.serial, [{ kind: 'gda', value: parsed.gda }]]);
      assert.equal(part.tokenId, String(parsed.user_token_id));
      assert.ok(Buffer.from(publicKey, 'base64').toString('hex').endsWith(parsed.user_public_key_hex));
    }
  });

  for (const vector of vectors.challenge_urls) {
    it(`seals challenges and accepts the answers: ${vector.name}`, async () => {
      const challenge = await sealed(vector);
      assert.deepEqual([challenge.handle, challenge.payload], [vector.input.transaction_id, vector.challenge_url]);
      const token = tokenOf(vector.input);
      const { handle: transactionId } = challenge;
      const read = (word: 'ACCEPT' | 'DENY', signature: string) => linotp.readAnswer({ transactionId, word, signature }, challenge, token);
      assert.equal(read('ACCEPT', vector.accept.signature_b64url)?.verdict, 'accepted');
      assert.equal(read('DENY', vector.deny.signature_b64url)?.verdict, 'declined');
      assert.equal(read('DENY', vector.accept.signature_b64url), undefined);
      assert.equal(read('ACCEPT', vector.deny.signature_b64url), undefined);
    });
  }

  /** Cases that the engine decides, not the signature; `test/edge/phones/linotp/conversation.test.ts` tests them. */
  const ofTheEngine = /^(no open challenge|two challenges match|no transactionid|wrong answers so far 4|already answered|token state)/;
  for (const { case: what, challenge: name, passwd, returns } of vectors.answer_negative.filter((each) => !ofTheEngine.test(each.case))) {
    it(`judges an answer: ${what}`, async () => {
      const vector = vectors.challenge_urls.find((each) => each.name === name);
      assert.ok(vector);
      const challenge = await sealed(vector);
      const given = typeof passwd === 'string' ? { accept: passwd } : passwd;
      // Each call accepts one signature; a vector with both matches no call.
      if (given.accept !== undefined && given.reject !== undefined) return;
      const word = given.accept === undefined ? 'DENY' : 'ACCEPT';
      const answer = { transactionId: challenge.handle, word, signature: given.accept ?? given.reject ?? '' } as const;
      const meaning = linotp.readAnswer(answer, challenge, tokenOf(vector.input));
      assert.equal(meaning !== undefined, returns === 1);
    });
  }

  it('recognizes an answer by its bytes, in any encoding', async () => {
    const [vector] = vectors.challenge_urls;
    assert.ok(vector);
    const challenge = await sealed(vector);
    const { signature_b64url: signature } = vector.accept;
    const read = (text: string) =>
      linotp.readAnswer({ transactionId: challenge.handle, word: 'ACCEPT', signature: text }, challenge, tokenOf(vector.input));
    const others = [`${signature}==`, signature.replaceAll('-', '+').replaceAll('_', '/'), ` ${signature}\n`];
    assert.ok(read(signature));
    for (const other of others) assert.deepEqual(read(other), read(signature));
  });
});

describe('Shared keys of push tokens', () => {
  const keyring = openKeyring(newKeyring(0));
  const storeOf = (...keys: PartitionKey[]) => {
    const stored = new Map(keys.map((key) => [key.id, key]));
    return {
      stored,
      findPartitionKey: async (id: string) => stored.get(id),
      async addPartitionKey(key: PartitionKey) {
        if (stored.has(key.id)) return 'taken' as const;
        stored.set(key.id, key);
        return 'added' as const;
      },
    };
  };

  it('are generated once, at the first use, and sealed', async () => {
    const store = storeOf();
    const gateways = [openSharedKeys(store, keyring), openSharedKeys(store, keyring)];
    const keys = await Promise.all(gateways.map((each) => each.current('linotp')));
    assert.deepEqual(keys[0]?.seed, keys[1]?.seed);
    assert.equal(store.stored.size, 1);
    const { sealedSeed = '' } = store.stored.get('linotp:0') ?? {};
    assert.ok(!sealedSeed.includes(Buffer.from(keys[0]?.seed ?? '').toString('base64url')));
  });

  it('are not generated for a named partition alone', async () => {
    const store = storeOf();
    for (const { case: what, partition } of vectors.partition_key_errors)
      assert.equal(await openSharedKeys(store, keyring).find('linotp', partition), undefined, what);
    assert.equal(store.stored.size, 0);
  });

  it('are refused when the stored keys are not a pair', async () => {
    const seed = partitionSeed(vectors, 0);
    const publicKey = rawBytesOf(rawPrivateKey('ed25519', seed)).toString('base64');
    const wrong = [
      { publicKey, secret: seed.subarray(1) },
      { publicKey, secret: Buffer.concat([seed, seed]) },
      { publicKey: publicKey.slice(0, -4), secret: seed },
      { publicKey: '', secret: seed },
    ];
    for (const each of wrong) {
      const store = storeOf({ id: 'linotp:9', publicKey: each.publicKey, sealedSeed: keyring.seal('partition:linotp:9', each.secret) });
      await assert.rejects(openSharedKeys(store, keyring).find('linotp', 9), { code: 'config-invalid' });
    }
    const moved = storeOf({ id: 'linotp:9', publicKey, sealedSeed: keyring.seal('partition:linotp:8', seed) });
    await assert.rejects(openSharedKeys(moved, keyring).find('linotp', 9), { code: 'config-invalid' });
  });
});
