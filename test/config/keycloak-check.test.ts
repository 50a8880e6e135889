import assert from 'node:assert/strict';
import { join } from 'node:path';
import { checkConfig, inspectText, problemText } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { configText } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const realm = { name: 'shop', issuer: 'https://sso.example.com/realms/shop' };
const both = [
  { path: '/', serves: 'privacyidea' },
  { path: '/', serves: 'keycloak-ciba' },
];

describe('The configuration of a Keycloak', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const problemsOf = async (keycloaks: object[], { mounts = both, more = {} }: { mounts?: object[]; more?: object } = {}) => {
    const checked = await checkConfig(configText({ mounts, more: { keycloaks, ...more } }), '/nowhere/config.json', {});
    return (checked.ok ? checked.value.warnings : checked.error).map(problemText);
  };

  it('is fine with a name and an issuer', async () => {
    const aboutIt = (await problemsOf([realm])).filter((line) => line.startsWith('keycloaks'));
    assert.deepEqual(aboutIt, []);
  });

  const authServers = [{ name: 'shop', networks: ['127.0.0.1/32'], mounts: ['/'] }];
  const cases: [string, () => Promise<string[]>, RegExp][] = [
    ['an unknown key', () => problemsOf([{ ...realm, limit: 100 }]), /^keycloaks\[0\]\.limit: /],
    [
      'an issuer over plain HTTP',
      () => problemsOf([{ ...realm, issuer: 'http://sso.example.com/realms/shop' }]),
      /^keycloaks\[0\]\.issuer: must begin with https/,
    ],
    [
      'an issuer with a slash at its end',
      () => problemsOf([{ ...realm, issuer: `${realm.issuer}/` }]),
      /^keycloaks\[0\]\.issuer: .*no slash at its end/,
    ],
    ['an HMAC', () => problemsOf([{ ...realm, algs: ['HS256'] }]), /^keycloaks\[0\]\.algs\[0\]: /],
    ['an unknown realm', () => problemsOf([{ ...realm, realm: 'gone' }]), /^keycloaks\[0\]\.realm: .*"gone"/],
    ['the name of an auth server', () => problemsOf([realm], { more: { authServers } }), /^keycloaks\[0\]\.name: "shop" is there twice/],
    ['the issuer of another entry', () => problemsOf([realm, { ...realm, name: 'b' }]), /^keycloaks\[1\]\.issuer: .* is there twice/],
    [
      'no mount',
      () => problemsOf([realm], { mounts: [{ path: '/', serves: 'privacyidea' }] }),
      /^keycloaks: no mount serves keycloak-ciba/,
    ],
    ['a mount that nobody can call', () => problemsOf([]), /^listeners\[0\]\.mounts\[1\]\.serves: no realm under keycloaks/],
    [
      'the callback of another realm',
      () => problemsOf([{ ...realm, callbackUrl: 'https://kc.internal/realms/other/protocol/openid-connect/ext/ciba/auth/callback' }]),
      /^keycloaks\[0\]\.callbackUrl: warning: is not of the realm shop/,
    ],
    [
      'a policy for a Keycloak that is not there',
      () =>
        problemsOf([realm], {
          more: { policies: [{ name: 'p', match: { authServer: ['shpo'] }, actions: { push_validity_seconds: 60 } }] },
        }),
      /^policies\[0\]\.match\.authServer\[0\]: there is no auth server "shpo".*shop/,
    ],
  ];
  for (const [what, problems, line] of cases)
    it(`with ${what} is reported, by its path`, async () => {
      const found = await problems();
      assert.ok(
        found.some((problem) => line.test(problem)),
        found.join('\n') || 'no problem was found',
      );
    });

  it('is reported when its file of authorities is missing', async () => {
    const path = join(temporaryFolder(undo), 'config.json');
    const text = configText({ mounts: both, more: { keycloaks: [{ ...realm, ca: 'gone.pem' }] } });
    const found = (await inspectText(text, path, {}, openLog('silent'))).map(problemText);
    assert.ok(
      found.some((line) => /^keycloaks\[0\]\.ca: Cannot read the CA file/.test(line)),
      found.join('\n'),
    );
  });
});
