import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { readPkcs12 } from '../../../src/foundation/crypto/index.ts';
import { pkcs12Content, pkcs12Samples } from './pkcs12-samples.ts';

const bytesOf = (sample: keyof typeof pkcs12Samples): Buffer => Buffer.from(pkcs12Samples[sample], 'base64');

describe('A PKCS#12 file', () => {
  const readable: [sample: keyof typeof pkcs12Samples, password: string | undefined][] = [
    ['rc2', 'secret'],
    ['tripleDes', 'secret'],
    ['aes', 'secret'],
    ['unicode', 'pässword€'],
    ['unicodeTripleDes', 'pässword€'],
    ['emptyPassword', ''],
    ['emptyPassword', undefined],
    ['noChecksum', 'secret'],
  ];
  for (const [sample, password] of readable) {
    it(`yields its key and certificate unchanged: ${sample}, password ${JSON.stringify(password)}`, () => {
      const read = readPkcs12(bytesOf(sample), password);
      assert.ok(read.ok, JSON.stringify(read));
      const [own, authority, ...more] = read.value.certificates;
      assert.equal(own?.trim(), pkcs12Content.certificate.trim());
      assert.equal(new X509Certificate(authority ?? '').subject, 'CN=Test CA');
      assert.deepEqual(more, []);
      assert.ok(createPrivateKey(read.value.key).equals(createPrivateKey(pkcs12Content.key)));
    });
  }

  it('may hold an RSA key', () => {
    const read = readPkcs12(bytesOf('rsa'), 'secret');
    assert.ok(read.ok);
    const key = createPrivateKey(read.value.key);
    assert.equal(key.asymmetricKeyType, 'rsa');
    assert.ok(new X509Certificate(read.value.certificates[0] ?? '').checkPrivateKey(key));
  });

  it('may have another certificate first, as other programs write it', () => {
    // given a file whose first certificate is not that of the key
    const rsa = readPkcs12(bytesOf('rsa'), 'secret');
    assert.ok(rsa.ok);
    const { key, certificates } = rsa.value;
    const other = forge.pki.createCertificate();
    const pair = forge.pki.rsa.generateKeyPair(1024);
    other.publicKey = pair.publicKey;
    other.sign(pair.privateKey);
    const own = forge.pki.certificateFromPem(certificates[0] ?? '');
    for (const algorithm of ['3des', 'aes256'] as const) {
      const file = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(key), [other, own], 'pass', { algorithm });
      // when it is read
      const read = readPkcs12(Buffer.from(forge.asn1.toDer(file).getBytes(), 'latin1'), 'pass');
      // then the key's own certificate comes first
      assert.ok(read.ok, algorithm);
      assert.equal(read.value.certificates.length, 2);
      assert.equal(new X509Certificate(read.value.certificates[0] ?? '').subject, 'CN=Apple Push Services: example.app');
    }
  });

  const wrong: [sample: keyof typeof pkcs12Samples, password: string | undefined][] = [
    ['rc2', 'wrong'],
    ['tripleDes', 'wrong'],
    ['aes', 'Secret'],
    ['aes', 'sécret'],
    ['aes', ''],
    ['aes', undefined],
    ['unicode', 'password'],
    ['unicode', 'pâssword€'],
    ['emptyPassword', 'secret'],
    ['noChecksum', 'wrong'],
  ];
  for (const [sample, password] of wrong) {
    it(`reports a wrong password: ${sample}, ${JSON.stringify(password)}`, () => {
      assert.deepEqual(readPkcs12(bytesOf(sample), password), { ok: false, error: 'wrong-password' });
    });
  }

  it('distinguishes a broken file from a wrong password', () => {
    const whole = bytesOf('aes');
    for (const bytes of [Buffer.alloc(0), Buffer.from('-----BEGIN CERTIFICATE-----'), whole.subarray(0, 500), whole.subarray(1)])
      assert.deepEqual(readPkcs12(bytes, 'secret'), { ok: false, error: 'broken' });
  });

  it('says which half is missing', () => {
    assert.deepEqual(readPkcs12(bytesOf('noKey'), 'secret'), { ok: false, error: 'no-key' });
    assert.deepEqual(readPkcs12(bytesOf('noCertificate'), 'secret'), { ok: false, error: 'no-certificate' });
  });
});
