import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readSigningKey } from '../../../providers/apns/provider-token.ts';
import { readServiceAccount } from '../../../providers/firebase/service-account.ts';
import { trustedJwtConfig } from '../../../src/edge/access/index.ts';
import { replySigningKey } from '../../../src/edge/formats/privacyidea/index.ts';
import type { Result } from '../../../src/foundation/model/index.ts';
import { jsonText, pemText, readKeyFile, readPrivateKey, readPublicKey, Secret } from '../../../src/foundation/settings/index.ts';
import { selfSigned } from '../wire/self-signed.ts';

const pkcs8 = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const spki = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;

const serviceAccount = {
  type: 'service_account',
  project_id: 'acme-mfa',
  private_key: pkcs8(rsa),
  client_email: 'gateway@acme-mfa.iam.gserviceaccount.com',
};

/** Every place where a key stands behind a reference: the text, and its reader. */
const places: [what: string, text: string, read: (text: string) => unknown][] = [
  ['the .p8 of apns', pkcs8(ec), (text) => assert.ok(readSigningKey(new Secret(text)).equals(ec))],
  [
    'the service account of firebase',
    JSON.stringify(serviceAccount, null, 2),
    (text) => assert.ok(readServiceAccount(text).key.equals(rsa)),
  ],
  ['responseSigningKey', pkcs8(rsa), (text) => replySigningKey.parse(new Secret(text))],
  [
    'the publicKey of trustedJwts',
    spki(ec),
    (text) => trustedJwtConfig.parse({ publicKey: new Secret(text), algorithm: 'ES256', role: 'admin', username: '.*' }),
  ],
];

/** How a text is altered on its way; each row is one case for every place. */
const ways: [what: string, handedOver: (text: string) => string][] = [
  ['unchanged', (text) => text],
  ['with line breaks of Windows', (text) => text.replaceAll('\n', '\r\n')],
  ['with a byte order mark', (text) => `\uFEFF${text}`],
  ['with blanks around', (text) => ` \n${text}\n\n `],
  ['with literal \\n', (text) => text.trim().replaceAll('\n', '\\n')],
  ['escaped twice', (text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\\\n')],
  ['with literal \\r\\n', (text) => text.replaceAll('\n', '\\r\\n')],
  ['in double quotes', (text) => `"${text}"`],
  ['in single quotes, with a line break after', (text) => `'${text}'\n`],
  ['in quotes, with literal \\n', (text) => `"${text.replaceAll('\n', '\\n')}"`],
  ['as a text of JSON', (text) => JSON.stringify(text)],
  ['as a text of JSON without its quotes', (text) => JSON.stringify(text).slice(1, -1)],
  ['in one line, with blanks for line breaks', (text) => text.replaceAll('\n', ' ')],
  ['as base64', base64],
  ['as base64 in lines', (text) => (base64(text).match(/.{1,76}/g) ?? []).join('\n')],
  ['as base64url', (text) => Buffer.from(text).toString('base64url')],
  ['as base64 of base64, in quotes', (text) => `"${base64(base64(text))}"`],
  ['as base64 of a text with a byte order mark', (text) => base64(`\uFEFF${text}`)],
];

/** Alterations of a service account only. */
const jsonWays: typeof ways = [
  ['with its own line breaks, no longer escaped', (text) => text.replaceAll('\\n', '\n')],
  ['with a key that was escaped twice', (text) => text.replaceAll('\\n', '\\\\n')],
  ['in one line', (text) => JSON.stringify(JSON.parse(text))],
];

describe('A key that was handed over', () => {
  for (const [what, text, read] of places)
    for (const [way, handedOver] of [...ways, ...(text.startsWith('{') ? jsonWays : [])])
      it(`is read: ${what}, ${way}`, () => {
        read(handedOver(text));
      });

  it('stays unchanged where nothing has to be undone', () => {
    const many = `Bag Attributes\n    friendlyName: x\n${selfSigned.cert}\nsubject=CN = x\n${selfSigned.key}`;
    for (const text of [many, pkcs8(ec), '', 'no key', 'cGxhaW4gdGV4dCBpbiBiYXNlNjQ=']) assert.equal(pemText(text), text);
    for (const text of ['{"a":"b\\\\n"}', '[1]', '"text"', 'no json', '']) assert.equal(jsonText(text), text);
    const legacy = ec.export({ type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString();
    assert.equal(pemText(legacy), legacy);
  });

  const body = pkcs8(ec).split('\n').slice(1, -2).join('\n');
  const problems: [what: string, text: string, sentence: RegExp, read?: (text: string) => Result<unknown, string>][] = [
    ['nothing', ' \n', /^it is empty$/],
    ['a path', '/run/secrets/AuthKey.p8', /path of a file.*\$file/],
    ['the name of a file', 'AuthKey_ABCDE12345.p8', /path of a file.*\$file/],
    ['its first line alone', '-----BEGIN PRIVATE KEY-----', /begins as PEM but has no end.*first line break/],
    ['all but its end', pkcs8(ec).slice(0, -30), /has no end/],
    ['its middle alone', body, /first and the last line of the file are missing/],
    ['its middle alone, with literal \\n', body.replaceAll('\n', '\\n'), /first and the last line of the file are missing/],
    ['a file that is binary', '0\uFFFD\u0001\u0000', /is binary; export it as PEM/],
    ['something else', 'hunter2', /there is no private key in it/],
    ['a certificate', selfSigned.cert, /holds a certificate, not a private key/],
    ['a public key', spki(ec), /holds a public key, not a private key/],
    ['a damaged key', pkcs8(ec).replace(/\n.{20}/, '\nhunter2'), /lost or changed/],
    [
      'a passphrase',
      ec.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      /has a passphrase; export it without one/,
    ],
    ['a private key for a public one', pkcs8(ec), /holds a private key, not a public key/, readPublicKey],
    ['a key file that was cut off', '{\n  "type": "service_account",', /begins as JSON but has no end/, readKeyFile],
    ['the path of a key file', './secrets/fcm.json', /path of a file/, readKeyFile],
    ['a key file that is none', 'hunter2', /^it is not JSON$/, readKeyFile],
    ['no key file', '', /^it is empty$/, readKeyFile],
  ];
  for (const [what, text, sentence, read = readPrivateKey] of problems)
    it(`is refused with ${what}, in an error that does not show the key`, () => {
      const result = read(text);
      assert.ok(!result.ok);
      assert.match(result.error, sentence);
      assert.doesNotMatch(result.error, /hunter2/);
    });

  it('is read in linear time, whatever its content', () => {
    // A quadratic reader would not finish in time.
    for (const text of [
      '\\n'.repeat(49_000),
      '"'.repeat(99_000),
      '-----BEGIN A-----'.repeat(5000),
      '{"'.repeat(49_000),
      'QUJD'.repeat(24_000),
    ])
      assert.equal(readPrivateKey(text).ok || readKeyFile(text).ok, false);
  }).timeout(15_000);
});
