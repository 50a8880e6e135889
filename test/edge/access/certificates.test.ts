import assert from 'node:assert/strict';
import { checkConfig, problemText } from '../../../src/config/index.ts';
import { authServerConfig } from '../../../src/edge/access/auth-servers.ts';
import { type AuthServer, authServerAt, type CertificateFacts, localServer, openAuthServers } from '../../../src/edge/access/index.ts';
import { configText } from '../../kit/gateway.ts';

const certificate: CertificateFacts = {
  subject: ['C=DE', 'O=ACME', 'CN=linotp'],
  names: ['DNS:LinOTP.example', 'IP Address:10.0.0.5', 'URI:https://linotp.example/id'],
  fingerprintSha256: 'ab'.repeat(32),
};

const server = (over: object): AuthServer => authServerAt(authServerConfig.parse({ name: 'linotp', mounts: ['/'], ...over }), undefined);

describe('An auth server known by its client certificate', () => {
  const isKnown = (entry: object): boolean =>
    openAuthServers([server({ certificates: [entry] })])({ address: '192.0.2.1', mount: '/', certificate }).ok;

  const cases: [string, object, boolean][] = [
    ['its whole subject', { subject: 'C=DE, O=ACME, CN=linotp' }, true],
    ['its subject the other way round', { subject: 'CN=linotp,O=ACME,C=DE' }, true],
    ['a part of the subject', { subject: 'CN=linotp' }, false],
    ['another subject', { subject: 'C=DE,O=ACME,CN=linotp2' }, false],
    ['a DNS name, whatever its case', { san: 'linotp.EXAMPLE' }, true],
    ['a DNS name with its kind', { san: 'DNS:linotp.example' }, true],
    ['an address', { san: '10.0.0.5' }, true],
    ['a URI', { san: 'URI:https://linotp.example/id' }, true],
    ['a URI without its kind', { san: 'https://linotp.example/id' }, false],
    ['another name', { san: 'otp.example' }, false],
    ['its fingerprint with colons', { fingerprintSha256: Array(32).fill('AB').join(':') }, true],
    ['another fingerprint', { fingerprintSha256: 'cd'.repeat(32) }, false],
  ];
  for (const [what, entry, expected] of cases) {
    it(`${expected ? 'is known' : 'is not known'} by ${what}`, async () => assert.equal(isKnown(entry), expected));
  }

  it('has priority over the network of another one and over an account', async () => {
    const callerOf = openAuthServers([
      localServer(['/', '/else']),
      server({ name: 'app', accounts: ['admin'] }),
      server({ certificates: [{ san: 'linotp.example' }] }),
    ]);
    const facts = { address: '127.0.0.1', mount: '/' };
    const nameOf = (more: object): string => {
      const found = callerOf({ ...facts, ...more });
      return found.ok ? found.value.name : found.error;
    };
    assert.equal(nameOf({ account: 'admin', certificate }), 'linotp');
    assert.equal(nameOf({ account: 'admin' }), 'app');
    assert.equal(nameOf({}), 'local');
    // and a forbidden call is forbidden from a known network, too
    assert.equal(nameOf({ mount: '/else', certificate }), 'unknown-caller');
  });

  it('is the only one with its certificate, and needs a listener that requests certificates', async () => {
    const certificates = [{ subject: 'CN=linotp' }];
    const problems = async (names: string[], tls?: object): Promise<string[]> => {
      const { listeners, ...rest } = JSON.parse(configText());
      const authServers = names.map((name) => ({ name, mounts: ['/'], certificates }));
      const checked = await checkConfig(
        JSON.stringify({ ...rest, authServers, listeners: [{ ...listeners[0], tls }] }),
        '/tmp/config.json',
        {},
      );
      return (checked.ok ? checked.value.warnings : checked.error).map(problemText);
    };
    const tls = { certificate: 'a.pem', clientCa: 'ca.pem', clientCertificate: 'request' };
    assert.deepEqual(await problems(['one'], tls), []);
    assert.match((await problems(['one']))[0] ?? '', /^authServers\[0\]\.certificates\[0\]: warning: no listener/);
    assert.match((await problems(['one', 'two'], tls))[0] ?? '', /^authServers\[1\]\.certificates\[0\]: is that of one already/);
  });

  it('may call a path at every listener, or at the one of its entry', async () => {
    const parsed = authServerConfig.parse({ name: 'vpn', mounts: ['/mfa', { listener: 'inside', path: '/' }] });
    const pathsAt = (listener?: string) => authServerAt(parsed, listener).mounts;
    assert.deepEqual([pathsAt('inside'), pathsAt('outside'), pathsAt()], [['/mfa', '/'], ['/mfa'], ['/mfa']]);
  });

  it('has one kind of identity at a time', async () => {
    for (const entry of [{}, { san: 'a', subject: 'CN=a' }, { fingerprintSha256: 'abc' }])
      assert.equal(authServerConfig.safeParse({ name: 'a', mounts: ['/'], certificates: [entry] }).success, false, JSON.stringify(entry));
  });
});
