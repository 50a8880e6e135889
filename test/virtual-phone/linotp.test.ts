import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { answerForm, answerUrl, openChallenge } from '../../src/virtual-phone/linotp/challenge.ts';
import { agreementPoint, pointOfPublic, publicBytes, secretOfSeed, signingKey } from '../../src/virtual-phone/linotp/curve.ts';
import { pairingResponse, readPairingUrl } from '../../src/virtual-phone/linotp/pairing.ts';
import type { LinotpToken } from '../../src/virtual-phone/linotp/token.ts';
import { hex, type LinotpVectors, partitionSeed, phoneSeed } from '../edge/phones/linotp/vectors.ts';
import { minutes } from '../kit/clock.ts';
import { givenLinotp } from '../kit/linotp.ts';
import { cleanup } from '../kit/temporary.ts';
import { readVectors } from '../kit/vectors.ts';
import { givenPhone, reason, value } from './phone-kit.ts';

const vectors = readVectors<LinotpVectors>('linotp.json');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function tokenOf({
  partition,
  phone,
  user_token_id,
  serial = '',
}: {
  partition: number;
  phone: string;
  user_token_id: number;
  serial?: string;
}) {
  const token: LinotpToken = {
    serial,
    scheme: 'lseqr',
    callbackUrl: 'https://push.example.test/validate/pair',
    partition,
    serverKey: base64(publicBytes(signingKey(partitionSeed(vectors, partition)))),
    tokenId: user_token_id,
    seed: base64(phoneSeed(vectors, phone)),
    gda: '',
    login: '',
    scannedAt: 0,
    state: 'active',
    answered: [],
  };
  return token;
}

describe('The virtual phone and the vectors of LinOTP', () => {
  it('has both kinds of key of one seed', () => {
    for (const key of [...vectors.partition_keys, ...vectors.phone_keys]) {
      assert.equal(pointOfPublic(hex(key.ed25519_public_hex)).toString('hex'), key.x25519_public_hex);
      assert.equal(agreementPoint(secretOfSeed(hex(key.seed_hex))).toString('hex'), key.x25519_public_hex);
    }
  });

  for (const { input, url } of vectors.pairing_urls) {
    const isOurs = input.token_type === 'push' && !input.use_cert && input.serial !== undefined;
    it(`${isOurs ? 'reads' : 'refuses'} the pairing URL of ${input.token_type} ${input.serial ?? 'without serial'}`, () => {
      const offer = readPairingUrl(url);
      if (!isOurs) return void assert.ok(!offer.ok);
      const { scheme, serial, callbackUrl, partition, serverKey } = value(offer);
      const { mobile_app_protocol_id = 'lseqr' } = input;
      assert.deepEqual(
        [scheme, serial, callbackUrl, partition],
        [mobile_app_protocol_id, input.serial, input.callback_url, input.partition],
      );
      assert.equal(serverKey, vectors.partition_keys.find((key) => key.partition === partition)?.config_PublicKey_b64);
    });
  }

  for (const { name, input, pairing_response, real_server_parsed } of vectors.pairing_responses.filter((each) => each.input.gda !== null)) {
    it(`pairs byte for byte: ${name}`, () => {
      const token = { ...tokenOf(input), gda: input.gda ?? '', login: real_server_parsed.user_login };
      assert.equal(pairingResponse(token, hex(input.ephemeral_secret_r_hex)), pairing_response);
    });
  }

  for (const { name, input, challenge_url, sig_base_hex, accept, deny } of vectors.challenge_urls) {
    it(`opens the challenge and signs both answers: ${name}`, () => {
      const token = tokenOf(input);
      const request = value(
        openChallenge(challenge_url, [tokenOf({ ...input, phone: 'b' === input.phone ? 'a' : 'b', user_token_id: 99 }), token]),
      );
      const { transaction_id: transactionId, callback_url: callbackUrl = '' } = input;
      assert.deepEqual(
        [request.transactionId, request.callbackUrl, request.sentAt],
        [transactionId, callbackUrl, Math.floor(input.unix_time) * 1000],
      );
      assert.equal(request.signed.toString('hex'), sig_base_hex);
      assert.equal(answerForm(token, request, 'ACCEPT').signature, accept.signature_b64url);
      assert.equal(answerForm(token, request, 'DENY').signature, deny.signature_b64url);
    });
  }

  it('refuses a challenge of another server, for another phone, another number or another scheme', () => {
    const [{ challenge_url, input } = assert.fail('there are vectors')] = vectors.challenge_urls;
    const token = tokenOf(input);
    const refusal = (over: Partial<LinotpToken>) => reason(openChallenge(challenge_url, [{ ...token, ...over }]));
    assert.match(refusal({ tokenId: 5 }), /no token with this number/);
    assert.match(refusal({ serverKey: base64(publicBytes(signingKey(partitionSeed(vectors, 3)))) }), /not signed/);
    assert.match(refusal({ scheme: 'acmeqr' }), /scheme|acmeqr/);
    assert.ok(!openChallenge(challenge_url, [{ ...token, seed: base64(phoneSeed(vectors, 'b')) }]).ok);
    assert.match(reason(openChallenge('lseqr://push/AAAA', [token])), /too short/);
  });

  it('finds both calls, whichever the callback names', () => {
    const both = (callback: string) => [
      answerUrl(callback, 'https://p/validate/pair', 'ACCEPT'),
      answerUrl(callback, 'https://p/validate/pair', 'DENY'),
    ];
    const calls = (base: string) => [`${base}/accept_transaction`, `${base}/reject_transaction`];
    assert.deepEqual(both('https://a/validate/accept_transaction'), calls('https://a/validate'));
    assert.deepEqual(both('https://a/validate/'), calls('https://a/validate'));
    assert.deepEqual(both('https://a/mfa'), calls('https://a/mfa'));
    assert.deepEqual(both(''), calls('https://p/validate'));
  });
});

describe('The virtual phone with a token of LinOTP', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('pairs, activates, approves and declines by real HTTP, and finds its pushes in an inbox', async () => {
    const given = await givenLinotp(undo);
    const { phone, clock } = givenPhone(undo);
    clock.advance(given.clock() - clock());
    // given an inbox like that of the fakes
    const deliveries: { address: string; payload: unknown }[] = [{ address: 'else', payload: 'lseqr://push/AAAA' }];
    const inbox = createServer((_request, response) => response.end(JSON.stringify(deliveries)));
    inbox.listen(0, '127.0.0.1');
    await once(inbox, 'listening');
    undo.later(() => inbox.close().closeAllConnections());
    const address = inbox.address();
    assert.ok(typeof address === 'object' && address);
    const ask = async (over = {}) => {
      const transaction = await given.ask(['KIPT1'], over);
      deliveries.push({ address: 'DEADBEEF', payload: transaction.decision.challenges[0]?.payload });
      return transaction;
    };
    // when it pairs
    const paired = value(
      await phone.linotp.enrol(await given.offer('KIPT1'), { gda: 'DEADBEEF', inbox: `http://127.0.0.1:${address.port}` }),
    );
    assert.deepEqual([paired.state, (await given.token('KIPT1')).rollout], ['paired', 'paired']);
    // and accepts its activation
    await ask({ kind: 'activation' });
    const [activation, ...others] = value(await phone.linotp.poll());
    assert.ok(activation && others.length === 0);
    assert.deepEqual(activation.ask, { kind: 'pairing', serial: 'KIPT1' });
    assert.equal(value(await phone.linotp.answer(activation, 'ACCEPT')), true);
    assert.deepEqual(value(phone.linotp.list())[0]?.state, 'active');
    assert.deepEqual(value(await phone.linotp.poll()), [], 'what was answered is shown no more');
    // then it may decline one login and accept another
    for (const [word, state] of [
      ['DENY', 'declined'],
      ['ACCEPT', 'accepted'],
    ] as const) {
      const login = await ask();
      const [request] = value(await phone.linotp.poll('KIPT1'));
      assert.ok(request);
      assert.equal(value(await phone.linotp.answer(request, word)), true);
      assert.equal(await given.stateOf(login), state);
      assert.equal(value(await phone.linotp.answer(request, word)), false, 'the server takes it once');
    }
    // and an expired one is not shown
    await ask();
    clock.advance(minutes(11));
    assert.deepEqual(value(await phone.linotp.poll()), []);
  });

  it('sends a new address signed with its old key, and reports a refusal of the server', async () => {
    const given = await givenLinotp(undo);
    const { phone } = givenPhone(undo);
    const uri = await given.offer('KIPT1');
    value(await phone.linotp.enrol(uri, { gda: 'one' }));
    assert.match(reason(await phone.linotp.enrol(uri, { gda: 'two' })), /pairing failed/, 'the guard of the first address');
    assert.match(reason(await phone.linotp.enrol('lseqr://pair/AAAA')), /too short/);
    assert.equal(value(phone.linotp.remove('KIPT1')).serial, 'KIPT1');
    assert.match(reason(phone.linotp.remove('KIPT1')), /no token/);
  });

  it('keeps tokens of both kinds in one file', async () => {
    const given = await givenLinotp(undo);
    const { phone, file, clock } = givenPhone(undo);
    value(
      phone.scan(
        'otpauth://pipush/PIPU1?url=https%3A//x.example/ttype/push&ttl=10&issuer=x&enrollment_credential=c&v=1&serial=PIPU1&sslverify=1',
      ),
    );
    value(await phone.linotp.enrol(await given.offer('KIPT1')));
    const again = givenPhone(undo, { file, clock }).phone;
    assert.deepEqual([value(again.list()).length, value(again.linotp.list()).length], [1, 1]);
  });
});
