import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, type SettingProblem, SettingProblems } from '../../src/delivery/provider-kit/index.ts';
import { givenHost } from '../../test/delivery/provider-conformance.ts';
import { pkcs12Content, pkcs12Samples } from '../../test/foundation/crypto/pkcs12-samples.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import apns from './provider.ts';

const signing = { key: new Secret(selfSigned.key), key_id: 'ABCDE12345', team_id: 'FGHIJ67890' };
const topic = 'com.example.app';
const pemOf = (type: 'rsa' | 'p384'): string => {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};
const locked = createPrivateKey(selfSigned.key)
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
  .toString();

describe('The configuration of apns', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const issuesOf = (config: Record<string, unknown>): string[] =>
    (apns.config.safeParse(config).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('accepts a key with its ids, or a certificate', () => {
    assert.deepEqual(issuesOf({ ...signing, topic }), []);
    assert.deepEqual(issuesOf({ certificate: 'push.p12', topic }), []);
    assert.deepEqual(issuesOf({ certificate: 'push.p12', passphrase: new Secret('x'), topic, environment: 'sandbox' }), []);
  });

  const refused: [what: string, config: Record<string, unknown>, issue: RegExp][] = [
    ['both ways to prove who we are', { ...signing, certificate: 'push.p12', topic }, /^certificate: give either .* not both$/],
    ['neither', { topic }, /^key: give key, key_id and team_id for a \.p8 key, or certificate/],
    ['a key without its team', { key: signing.key, key_id: 'ABCDE12345', topic }, /^team_id: .* this one is missing$/],
    ['ids without their key', { key_id: 'ABCDE12345', team_id: 'FGHIJ67890', topic }, /^key: .* this one is missing$/],
    ['a key id that is too short', { ...signing, key_id: 'ABC', topic }, /^key_id: expected 10 capital letters and digits/],
    ['a team that is a name', { ...signing, team_id: 'ACME Corp.', topic }, /^team_id: expected 10 capital letters and digits/],
    ['a passphrase for a key', { ...signing, passphrase: new Secret('x'), topic }, /^passphrase: a passphrase belongs to a certificate/],
    ['a key that stands in the file itself', { ...signing, key: selfSigned.key, topic }, /^key: give a secret as/],
    ['no topic', { ...signing }, /^topic: /],
    ['an empty topic', { ...signing, topic: '' }, /^topic: expected the bundle id of the app/],
    ['a topic with a blank at its end', { ...signing, topic: 'com.example.app ' }, /^topic: expected the bundle id of the app/],
    ['the name of an app as its topic', { ...signing, topic: 'Our Authenticator' }, /^topic: expected the bundle id of the app/],
    ['an environment that there is not', { ...signing, topic, environment: 'development' }, /^environment: /],
    ['plain http to elsewhere', { ...signing, topic, production_url: 'http://api.push.example' }, /^production_url: must begin with https/],
    ['a URL with a path', { ...signing, topic, sandbox_url: 'https://api.push.example/3/device' }, /^sandbox_url: no path belongs here/],
    ['an unknown key', { ...signing, topic, bundle_id: topic }, /bundle_id/],
  ];
  for (const [what, config, issue] of refused) {
    it(`refuses ${what}`, () => {
      const issues = issuesOf(config);
      assert.equal(issues.length, 1, issues.join('\n'));
      assert.match(issues[0] ?? '', issue);
    });
  }

  /** Opens with these files in the folder of the config file. */
  const open = async (config: Record<string, unknown>, files: Record<string, string | Buffer> = {}, clock = Date.now) => {
    const folder = temporaryFolder(undo);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const host = givenHost(apns, { path: (file) => join(folder, file), clock });
    const provider = await apns.open(apns.config.parse({ topic, ...config }), host);
    undo.later(() => provider.close());
    return provider;
  };
  const problemsOf = async (...given: Parameters<typeof open>): Promise<readonly SettingProblem[]> => {
    try {
      await open(...given);
    } catch (error) {
      if (error instanceof SettingProblems) return error.problems;
      throw error;
    }
    return [];
  };
  const p12 = Buffer.from(pkcs12Samples.aes, 'base64');
  const passphrase = new Secret('secret');

  it('reads a certificate as .p12 in its old and its new form, and as .pem, and its expiry', async () => {
    const { certificate, key } = pkcs12Content;
    const old = await open({ certificate: 'push.p12', passphrase }, { 'push.p12': Buffer.from(pkcs12Samples.tripleDes, 'base64') });
    const young = await open({ certificate: 'push.pfx', passphrase }, { 'push.pfx': p12 });
    const pem = await open({ certificate: 'push.pem' }, { 'push.pem': certificate + key });
    for (const provider of [old, young, pem]) {
      const [expiry] = provider.expires();
      assert.deepEqual([expiry?.kind, expiry?.what], ['certificate', 'CN=Apple Push Services: example.app']);
      assert.equal(new Date(expiry?.at ?? 0).getUTCFullYear(), 2120);
    }
    assert.deepEqual((await open({ ...signing })).expires(), []);
  });

  it('reads a .pem whose key has a passphrase', async () => {
    const files = { 'push.pem': selfSigned.cert + locked };
    assert.deepEqual(await problemsOf({ certificate: 'push.pem', passphrase }, files), []);
    const [problem] = await problemsOf({ certificate: 'push.pem', passphrase: new Secret('wrong') }, files);
    assert.match(problem?.message ?? '', /does not open with this passphrase/);
    const [unopened] = await problemsOf({ certificate: 'push.pem' }, files);
    assert.match(unopened?.message ?? '', /has a passphrase/);
  });

  const bad: [what: string, given: Parameters<typeof open>, path: string, message: RegExp][] = [
    [
      'a wrong passphrase',
      [{ certificate: 'a.p12', passphrase: new Secret('x') }, { 'a.p12': p12 }],
      'certificate',
      /passphrase.*exported with/,
    ],
    ['no passphrase', [{ certificate: 'a.p12' }, { 'a.p12': p12 }], 'certificate', /passphrase.*exported with/],
    [
      'a broken .p12',
      [{ certificate: 'a.p12', passphrase }, { 'a.p12': p12.subarray(0, 99) }],
      'certificate',
      /is not a readable PKCS#12 file/,
    ],
    ['a .p12 that is not there', [{ certificate: 'a.p12' }], 'certificate', /Cannot read .*a\.p12 \(ENOENT\)/],
    [
      'a key of another certificate',
      [{ certificate: 'a.pem' }, { 'a.pem': selfSigned.cert + pemOf('rsa') }],
      'certificate',
      /does not belong/,
    ],
    ['a .pem without a key', [{ certificate: 'a.pem' }, { 'a.pem': selfSigned.cert }], 'certificate', /no private key/],
    [
      'a certificate that ended',
      [{ certificate: 'a.p12', passphrase }, { 'a.p12': p12 }, () => Date.UTC(2200, 1)],
      'certificate',
      /ended on 2120/,
    ],
    ['authorities that are none', [{ ...signing, ca: 'ca.pem' }, { 'ca.pem': 'nothing' }], 'ca', /no certificate in/],
    ['a key that is none', [{ ...signing, key: new Secret('nothing') }], 'key', /no private key in it.*\.p8/],
    ['an RSA key', [{ ...signing, key: new Secret(pemOf('rsa')) }], 'key', /not an EC key on the curve P-256/],
    ['a key on another curve', [{ ...signing, key: new Secret(pemOf('p384')) }], 'key', /not an EC key on the curve P-256/],
  ];
  for (const [what, given, path, message] of bad) {
    it(`is refused with ${what}, in an error that says what to do`, async () => {
      const problems = await problemsOf(...given);
      assert.deepEqual(
        problems.map((problem) => problem.path.join('.')),
        [path],
      );
      assert.match(problems[0]?.message ?? '', message);
      assert.doesNotMatch(problems[0]?.message ?? '', /secret|PRIVATE KEY---/);
    });
  }

  it('reports all bad files at once', async () => {
    const problems = await problemsOf({ certificate: 'gone.p12', ca: 'gone.pem' });
    assert.deepEqual(
      problems.map(({ path }) => path.join('.')),
      ['certificate', 'ca'],
    );
  });
});
