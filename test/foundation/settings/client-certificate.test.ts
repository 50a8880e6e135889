import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readListenerTls } from '../../../src/edge/http/index.ts';
import { exportPkcs12, type Issued, issueClientCertificate, makeAuthority } from '../../../src/foundation/crypto/index.ts';
import { readClientCertificate, Secret } from '../../../src/foundation/settings/index.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

const now = Date.now();
const yearsAgo = (years: number): number => now - years * 366 * 86_400_000;

type Set = { authority: Issued; oldAuthority: Issued; client: Issued; ofOld: Issued; stranger: Issued; ended: Issued };
let made: Promise<Set> | undefined;
const issued = (): Promise<Set> => {
  made ??= (async () => {
    const [authority, oldAuthority] = await Promise.all([
      makeAuthority({ name: 'CA', now }),
      makeAuthority({ name: 'old CA', now: yearsAgo(12) }),
    ]);
    const [client, ofOld, stranger, ended] = await Promise.all([
      issueClientCertificate(authority, { name: 'client', now }),
      issueClientCertificate(oldAuthority, { name: 'of old', now }),
      issueClientCertificate(authority, { name: 'stranger', now }),
      issueClientCertificate(authority, { name: 'ended', now: yearsAgo(3) }),
    ]);
    return { authority, oldAuthority, client, ofOld, stranger, ended };
  })();
  return made;
};

const good: [what: string, file: (set: Set) => string, names: string[], ended: string[]][] = [
  ['certificate, then key', ({ client }) => client.certificate + client.key, ['client'], []],
  ['key, then certificate', ({ client }) => client.key + client.certificate, ['client'], []],
  ['the authority first', ({ authority, client }) => authority.certificate + client.certificate + client.key, ['client', 'CA'], []],
  [
    'strangers around it',
    ({ stranger, authority, client }) => stranger.certificate + client.certificate + authority.certificate + client.key,
    ['client', 'CA', 'stranger'],
    [],
  ],
  [
    'an authority that ended',
    ({ oldAuthority, ofOld }) => ofOld.certificate + oldAuthority.certificate + ofOld.key,
    ['of old', 'old CA'],
    ['CN=old CA'],
  ],
];

const bad: [what: string, file: (set: Set) => string, message: RegExp][] = [
  [
    'the key of another',
    ({ client, stranger }) => client.certificate + stranger.key,
    /does not belong to the certificate in .*client\.pem/,
  ],
  [
    'a key of none of several',
    ({ client, authority, stranger }) => client.certificate + authority.certificate + stranger.key,
    /does not belong to any of the 2 certificates in .*client\.pem/,
  ],
];

/** How transfers and editors alter a PEM file; each row is one case. */
const ways: [what: string, handedOver: (text: string) => string | Buffer][] = [
  ['with line breaks of Windows', (text) => text.replaceAll('\n', '\r\n')],
  ['with a byte order mark', (text) => `\uFEFF${text}`],
  ['in UTF-16', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['with literal \\n', (text) => text.replaceAll('\n', '\\n')],
  ['in quotes', (text) => `"${text}"`],
  ['as base64', (text) => Buffer.from(text).toString('base64')],
  ['in one line', (text) => text.replaceAll('\n', ' ')],
  [
    'with what openssl writes around',
    (text) => text.replaceAll('-----BEGIN', 'Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n-----BEGIN'),
  ],
];

describe('Certificates and the key that belongs to them', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  const given = (text: string | Buffer, name = 'client.pem'): string => {
    const file = join(temporaryFolder(undo), name);
    writeFileSync(file, text);
    return file;
  };
  const namesIn = (pem: string): (string | undefined)[] =>
    (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map((each) =>
      new X509Certificate(each).subject?.replace('CN=', ''),
    );

  for (const [what, file, names, ended] of good) {
    it(`of a client are put into TLS's order: ${what}`, async () => {
      const { certificate, expiries } = readClientCertificate(given(file(await issued())), now);
      assert.deepEqual(namesIn(certificate), names);
      assert.deepEqual(
        expiries.filter(({ at }) => at <= now).map((each) => each.inChain && each.what),
        ended,
      );
    });

    it(`of a listener are put into TLS's order: ${what}`, async () => {
      const { options, expiries } = readListenerTls({ certificate: given(file(await issued())) }, (path) => path);
      assert.deepEqual(namesIn(String(options.cert)), names);
      assert.deepEqual(
        expiries.filter(({ at }) => at <= now).map((each) => each.inChain && each.what),
        ended,
      );
    });
  }

  for (const [what, handedOver] of ways)
    it(`are read ${what}: of a client, of a listener, of an authority`, async () => {
      const { authority, client } = await issued();
      const file = given(handedOver(authority.certificate + client.certificate + client.key));
      const clientCa = given(handedOver(authority.certificate));
      assert.deepEqual(namesIn(readClientCertificate(file, now).certificate), ['client', 'CA']);
      const { options } = readListenerTls({ certificate: file, clientCa, clientCertificate: 'request' }, (path) => path);
      assert.deepEqual([namesIn(String(options.cert)), namesIn(String(options.ca))], [['client', 'CA'], ['CA']]);
    });

  it('are refused as bytes that are not text', () => {
    const file = given(Buffer.from([0x30, 0x82, 0xff, 0xfc]));
    assert.throws(
      () => readListenerTls({ certificate: file }, (path) => path),
      /is not UTF-8; save it as that, and a key or certificate as PEM/,
    );
  });

  for (const [what, file, message] of bad) {
    it(`are refused with ${what}`, async () => {
      const path = given(file(await issued()));
      assert.throws(() => readClientCertificate(path, now), { message });
      assert.throws(() => readListenerTls({ certificate: path }, (name) => name), { message });
    });
  }

  it('of a client are refused when the certificate of the key has expired, wherever it stands', async () => {
    const { authority, ended } = await issued();
    const path = given(authority.certificate + ended.certificate + ended.key);
    assert.throws(() => readClientCertificate(path, now), /client\.pem ended on .*Put a new one there/);
  });

  it('may come as .p12 with an expired authority', async () => {
    const { oldAuthority, ofOld } = await issued();
    const path = given(await exportPkcs12(ofOld, { authority: oldAuthority, password: 'open' }), 'client.p12');
    const { certificate } = readClientCertificate(path, now, new Secret('open'));
    assert.deepEqual(namesIn(certificate), ['of old', 'old CA']);
  });
});
