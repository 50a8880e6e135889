import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueServerCertificate, makeAuthority } from '../../src/foundation/crypto/index.ts';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { minutes } from '../kit/clock.ts';
import { configText, type GatewayWishes } from '../kit/gateway.ts';
import { givenKeycloak } from '../kit/keycloak.ts';
import { type CliResult, runCli } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate doctor', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** What the doctor says of a configuration whose gateway does not run. */
  const examined = async (wishes: GatewayWishes, { folder = temporaryFolder(undo), listener = {} } = {}): Promise<CliResult> => {
    const mounts = wishes.mounts ?? [
      { path: '/', serves: 'privacyidea' },
      { path: '/', serves: 'ops' },
    ];
    const listeners = [{ address: `127.0.0.1:${await freePort()}`, mounts, ...listener }];
    writeFileSync(join(folder, 'config.json'), configText({ ...wishes, more: { listeners, ...wishes.more } }));
    return runCli(['doctor', '--config', join(folder, 'config.json')]);
  };
  const assertSaid = ({ out }: CliResult, ...lines: RegExp[]): void => {
    for (const line of lines) assert.match(out, line);
  };

  it('says that the gateway does not run, and how to start it', async () => {
    assertSaid(
      await examined({}),
      /^warning {2}gateway: does not answer at http:\/\/127\.0\.0\.1:\d+; start it with: npx pushgate serve$/m,
    );
  });

  it('opens the keyring, and says which is missing and what that means', async () => {
    // given an installation that was never started, one with a keyring, and one that lost it
    const [fresh, kept, lost] = [temporaryFolder(undo), temporaryFolder(undo), temporaryFolder(undo)];
    createKeyringFile(join(kept, 'keyring.json'), 0);
    writeFileSync(join(lost, 'pushgate.db'), 'not looked at');
    assertSaid(await examined({}, { folder: fresh }), /^warning {2}keyring: is not there yet; the first start of the gateway makes it/m);
    assertSaid(await examined({}, { folder: kept }), /^fine {5}keyring: opens, with 1 key$/m);
    const { code, out } = await examined({}, { folder: lost });
    assert.equal(code, 1);
    assert.match(out, /^FAILED {3}keyring: keyring: .*keyring\.json.*; nothing in the store can be opened without it, so put it back$/m);
  });

  it('says when the certificate of a listener ends, and when it has', async () => {
    const now = Date.now();
    const days = (count: number) => minutes(60 * 24 * count);
    const authority = await makeAuthority({ name: 'Corp CA', now: now - days(500) });
    for (const [age, line] of [
      [0, /^fine {5}listener \S+, certificate: .* ends on 20\S+$/m],
      [380, /^warning {2}listener \S+, certificate: .* ends on 20\S+; get a new one before that$/m],
      [400, /^FAILED {3}listener \S+, certificate: .* ended on 20\S+; put a new one in its place$/m],
    ] as const) {
      const folder = temporaryFolder(undo);
      const { certificate, key } = await issueServerCertificate(authority, { hosts: ['mfa.example'], now: now - days(age) });
      writeFileSync(join(folder, 'tls.pem'), certificate + key);
      assertSaid(await examined({}, { folder, listener: { tls: { certificate: 'tls.pem' } } }), line);
    }
  });

  it('warns of a certificate that has ended and only stands in the chain of a listener', async () => {
    // given a good certificate with an authority behind it that ended long ago
    const now = Date.now();
    const folder = temporaryFolder(undo);
    const [authority, old] = [await makeAuthority({ name: 'Corp CA', now }), await makeAuthority({ name: 'Old CA', now: 0 })];
    const { certificate, key } = await issueServerCertificate(authority, { hosts: ['mfa.example'], now });
    writeFileSync(join(folder, 'tls.pem'), certificate + key + old.certificate);
    // when the doctor looks
    const { out } = await examined({}, { folder, listener: { tls: { certificate: 'tls.pem' } } });
    // then the listener works, and the old one is named
    assert.match(out, /^fine {5}listener \S+, certificate: CN=mfa.example ends on 20\S+$/m);
    assert.match(out, /^warning {2}listener \S+, certificate: CN=Old CA ended on 19\S+; take it out of the chain$/m);
    assert.doesNotMatch(out, /^FAILED {3}listener/m);
  });

  it('names the settings that are weaker than they need to be, each with what to do', async () => {
    const result = await examined({
      mounts: [
        { path: '/', serves: 'privacyidea', phones: 'none', publicPoll: true },
        { path: '/', serves: 'ops' },
      ],
      policies: [
        { name: 'newcomers', scope: 'authentication', actions: { passOnNoToken: true } },
        { name: 'strangers', scope: 'authentication', actions: { passOnNoUser: true } },
      ],
      more: {
        providers: [
          { name: 'poll', kind: 'poll-only', default: true, config: {} },
          { name: 'cs', kind: 'challenge-service', config: { push_url: 'https://127.0.0.1:9/', server_certificate: false } },
        ],
      },
    });
    assertSaid(
      result,
      /^warning {2}policy newcomers: passOnNoToken lets in everybody who has no token, whatever the password; take it out, or narrow/m,
      /^warning {2}policy strangers: passOnNoUser lets in names that no source of users knows; take it out, or narrow/m,
      /^warning {2}provider cs: server_certificate: false sends pushes to whoever answers; name the PEM file/m,
      /^warning {2}listener 127\.0\.0\.1:\d+, mount \/: publicPoll tells the status .*; take it out, unless browsers ask there$/m,
      /^warning {2}settings\.lockout: whoever knows the name of a user can lock that user out by wrong PINs; set it to "source"/m,
    );
  });

  it('says so where no setting is weaker than it needs to be', async () => {
    assertSaid(await examined({ settings: { lockout: 'source' } }), /^fine {5}modes: no setting is weaker than it needs to be$/m);
  });

  it('looks whether a Keycloak has keys that can be used, and takes callbacks', async () => {
    const keycloak = await givenKeycloak(undo, Date.now);
    const mounts = [{ path: '/', serves: 'keycloak-ciba' }];
    const about = async (entry: object) =>
      (await examined({ mounts, more: { keycloaks: [{ name: 'shop', issuer: keycloak.issuer, ...entry }], policies: [] } })).out
        .split('\n')
        .filter((line) => line.includes('keycloak shop'));
    assert.deepEqual(await about({}), [
      'fine     keycloak shop, issuer: is the one in its metadata, and knows CIBA',
      'fine     keycloak shop, keys: 1 for signatures (RS256)',
      'fine     keycloak shop, callback: is there, and asks for a token',
    ]);
    assert.deepEqual(
      keycloak.callbacks.map(({ replied }) => replied),
      [401],
    );
    // when it has no key for the allowed algorithm, another realm's callback, and nobody at the address of its keys
    const [, noKey = ''] = await about({ algs: ['ES256'] });
    assert.match(noKey, /^FAILED {3}keycloak shop, keys: none at .* is for signatures by ES256; add a key to the realm, or correct algs$/);
    const [, , callback = ''] = await about({ callbackUrl: `${keycloak.issuer}/callback` });
    assert.match(
      callback,
      /^FAILED {3}keycloak shop, callback: .* replied 404, where Keycloak asks for a token with 401; correct callbackUrl$/,
    );
    const [, away = ''] = await about({ jwksUrl: `http://127.0.0.1:${await freePort()}/realms/shop/certs` });
    assert.match(
      away,
      /^FAILED {3}keycloak shop, keys: cannot be fetched from .* \(connection\); correct jwksUrl or ca, or open the firewall$/,
    );
    // and when the issuer is written with another name of the same host
    const [issuer = ''] = await about({ issuer: keycloak.issuer.replace('127.0.0.1', 'localhost') });
    assert.match(
      issuer,
      /^FAILED {3}keycloak shop, issuer: .* names itself http:\/\/127\.0\.0\.1:\d+\/realms\/shop; write the issuer exactly so$/,
    );
  });
});
