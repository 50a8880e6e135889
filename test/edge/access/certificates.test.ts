import assert from 'node:assert/strict';
import { checkConfig, problemText } from '../../../src/config/index.ts';
import { authServerConfig } from '../../../src/edge/access/auth-servers.ts';
import { type AuthServer, type CertificateFacts, localServer, openAuthServers } from '../../../src/edge/access/index.ts';
import { configText } from '../../kit/gateway.ts';

const certificate: CertificateFacts = {
  subject: ['C=DE', 'O=ACME', 'CN=linotp'],
  names: ['DNS:LinOTP.example', 'IP Address:10.0.0.5', 'URI:https://linotp.example/id'],
  fingerprintSha256: 'ab'.repeat(32),
};

const server = (over: object): AuthServer => authServerConfig.parse({ name: 'linotp', mounts: ['/'], ...over });

describe('An auth server known by its client certificate', () => {
  const isKnown = (entry: object): boolean =>
    openAuthServers([server({ certificates: [entry] })])({ address: '192.0.2.1', mount: '/', certificate }) !== undefined;

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
    it(`${expected ? 'is known' : 'is not known'} by ${what}`, () => assert.equal(isKnown(entry), expected));
  }

  it('is beaten by nothing: neither by the network of another one nor by an account', () => {
    const callerOf = openAuthServers([
      localServer(['/', '/else']),
      server({ name: 'app', accounts: ['admin'] }),
      server({ certificates: [{ san: 'linotp.example' }] }),
    ]);
    const facts = { address: '127.0.0.1', mount: '/' };
    assert.equal(callerOf({ ...facts, account: 'admin', certificate })?.name, 'linotp');
    assert.equal(callerOf({ ...facts, account: 'admin' })?.name, 'app');
    assert.equal(callerOf(facts)?.name, 'local');
    // and what it may not call it may not call from a known network either
    assert.equal(callerOf({ ...facts, mount: '/else', certificate }), undefined);
  });

  it('is the only one with its certificate, and called where certificates are asked for', () => {
    const certificates = [{ subject: 'CN=linotp' }];
    const problems = (names: string[], tls?: object): string[] => {
      const { listeners, ...rest } = JSON.parse(configText());
      const authServers = names.map((name) => ({ name, mounts: ['/'], certificates }));
      const checked = checkConfig(JSON.stringify({ ...rest, authServers, listeners: [{ ...listeners[0], tls }] }), '/tmp/config.json', {});
      return (checked.ok ? checked.value.warnings : checked.error).map(problemText);
    };
    const tls = { certificate: 'a.pem', clientCa: 'ca.pem', clientCertificate: 'request' };
    assert.deepEqual(problems(['one'], tls), []);
    assert.match(problems(['one'])[0] ?? '', /^authServers\[0\]\.certificates\[0\]: warning: no listener/);
    assert.match(problems(['one', 'two'], tls)[0] ?? '', /^authServers\[1\]\.certificates\[0\]: is that of one already/);
  });

  it('is named by one thing at a time', () => {
    for (const entry of [{}, { san: 'a', subject: 'CN=a' }, { fingerprintSha256: 'abc' }])
      assert.equal(authServerConfig.safeParse({ name: 'a', mounts: ['/'], certificates: [entry] }).success, false, JSON.stringify(entry));
  });
});
