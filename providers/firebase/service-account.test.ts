import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { cert } from 'firebase-admin/app';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { readServiceAccount } from './service-account.ts';

describe('A key file of a service account', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = {
    type: 'service_account',
    project_id: 'acme-mfa',
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: 'gateway@acme-mfa.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
    universe_domain: 'googleapis.com',
  };
  const read = (content: unknown) => readServiceAccount(typeof content === 'string' ? content : JSON.stringify(content));

  it('is read as it was downloaded', () => {
    const { key, ...account } = read(file);
    assert.deepEqual(account, { email: file.client_email, project: 'acme-mfa', keyId: 'k1', tokenUri: file.token_uri });
    assert.equal(key.equals(privateKey), true);
  });

  it("has Google's token endpoint as the default", () => {
    const { token_uri: _, ...without } = file;
    assert.equal(read(without).tokenUri, 'https://oauth2.googleapis.com/token');
  });

  const wrong: [what: string, content: unknown, sentence: RegExp][] = [
    ['no JSON', 'secret-text {', /not JSON\. .*Generate new private key/],
    ['a list', [], /no "type": "service_account"/],
    ['no type', { ...file, type: undefined }, /no "type": "service_account"/],
    ["a person's login", { ...file, type: 'authorized_user' }, /type is "authorized_user".* login of a person.*Generate new private key/],
    ['workload identity', { ...file, type: 'external_account' }, /Leave service_account out/],
    ["the app's own file", { project_info: {}, client: [] }, /google-services\.json/],
    ['no project', { ...file, project_id: '' }, /project_id: must not be empty/],
    ['no address', { ...file, client_email: undefined }, /client_email: must be a text/],
    ['no key', { ...file, private_key: undefined }, /private_key: must be a text/],
    [
      'a key that cannot be read',
      { ...file, private_key: '-----BEGIN PRIVATE KEY-----\nsecret-text\n' },
      /private_key: it begins as PEM but has no end/,
    ],
    ['a key of another kind', { ...file, private_key: selfSigned.key }, /the kind ec, not RSA/],
    ['a token URL that is not safe', { ...file, token_uri: 'http://tokens.example' }, /token_uri: must begin with https/],
  ];
  for (const [what, content, sentence] of wrong) {
    it(`is refused with ${what}, in an error that says what to do without repeating it`, () => {
      assert.throws(
        () => read(content),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'config-invalid');
          assert.match(error.message, sentence);
          assert.ok(!`${error.message} ${String(error.cause)}`.includes('secret-text'));
          return true;
        },
      );
    });
  }

  it("is refused wherever Google's library refuses it", () => {
    const records = wrong.flatMap(([what, content]) => (typeof content === 'string' ? [] : [{ what, content: Object(content) }]));
    const refusedThere = records.filter(({ content }) => {
      try {
        return !cert(content);
      } catch {
        return true;
      }
    });
    assert.ok(refusedThere.length >= 6, `${refusedThere.length}`);
    for (const { what, content } of refusedThere) assert.throws(() => read(content), what);
    assert.ok(cert(Object(file)) && read(file));
  });
});
