import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import {
  decodeBase32,
  encodeBase32,
  equalText,
  randomDigits,
  randomHex,
  readSpki,
  sha256Hex,
  signRsaSha256,
  verifySha256,
} from '../../../src/foundation/crypto/index.ts';
import { readVectors } from '../../kit/vectors.ts';

describe('Base32', () => {
  it('writes the examples of RFC 4648', () => {
    const shown = [
      ['', ''],
      ['f', 'MY======'],
      ['fo', 'MZXQ===='],
      ['foo', 'MZXW6==='],
      ['foob', 'MZXW6YQ='],
      ['fooba', 'MZXW6YTB'],
      ['foobar', 'MZXW6YTBOI======'],
    ];
    for (const [text = '', written] of shown) assert.equal(encodeBase32(Buffer.from(text)), written);
  });

  it('reads its own output back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => assert.deepEqual(decodeBase32(encodeBase32(bytes)), Buffer.from(bytes))),
    );
  });

  it('refuses lower case, missing padding and foreign characters', () => {
    for (const text of ['mzxw6===', 'MZXW6', 'MZXW6==', 'MZXW6=== ', 'MZXW1===', 'A=======', '========', 'MZXW6YTB=', 'M======='])
      assert.equal(decodeBase32(text), undefined, text);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => void decodeBase32(text)));
  });
});

describe('Signatures', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const data = Buffer.from('data');

  it('verify with the key that made them, and with no other data, key or bytes', async () => {
    const signature = await signRsaSha256(privateKey, data);
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    assert.equal(verifySha256(publicKey, data, signature), true);
    assert.equal(verifySha256(publicKey, Buffer.from('other'), signature), false);
    assert.equal(verifySha256(other, data, signature), false);
    for (const broken of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, signature])])
      assert.equal(verifySha256(publicKey, data, broken), false);
  });

  it('are not verified with keys of another kind', () => {
    const { publicKey: ed } = generateKeyPairSync('ed25519');
    assert.equal(verifySha256(ed, data, Buffer.alloc(64)), false);
  });

  it('read SPKI and nothing else', () => {
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    assert.ok(readSpki(spki)?.equals(publicKey));
    for (const text of ['', 'AAAA', publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64')])
      assert.equal(readSpki(text), undefined);
  });

  it('reproduce the vectors, and refuse the wrong ones among them', async () => {
    type Section = { keys: Record<string, string>; challenge_data: { cases: { data: Record<string, string>; signed_string: string }[] } };
    const vectors = readVectors<Record<'privacyidea' | 'edumfa', Section>>('privacyidea.json');
    for (const { keys, challenge_data } of [vectors.privacyidea, vectors.edumfa]) {
      const key = createPrivateKey(keys.server_private_pkcs1_pem ?? '');
      assert.ok(challenge_data.cases.length > 0);
      for (const { data: sent, signed_string } of challenge_data.cases) {
        const signature = await signRsaSha256(key, Buffer.from(signed_string));
        assert.equal(encodeBase32(signature), sent.signature);
        assert.equal(verifySha256(createPublicKey(keys.server_public_pkcs1_pem ?? ''), Buffer.from(signed_string), signature), true);
      }
    }
  });
});

describe('Digests and randomness', () => {
  it('compare texts whole', () => {
    assert.deepEqual([equalText('a', 'a'), equalText('a', 'b'), equalText('a', 'aa'), equalText('', '')], [true, false, false, true]);
    assert.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('have the length that was asked for, and are not the same twice', () => {
    assert.match(randomDigits(17), /^\d{17}$/);
    assert.match(randomHex(20), /^[0-9a-f]{40}$/);
    assert.equal(new Set(Array.from({ length: 100 }, () => randomDigits(17))).size, 100);
  });
});
