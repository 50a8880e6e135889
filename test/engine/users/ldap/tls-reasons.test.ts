import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { openUserSource, type UserSource, userSourceConfig } from '../../../../src/engine/users/index.ts';
import { type Issued, issueServerCertificate, makeAuthority } from '../../../../src/foundation/crypto/index.ts';
import { openLog } from '../../../../src/foundation/telemetry/index.ts';
import { selfSigned } from '../../../foundation/wire/self-signed.ts';
import { minutes } from '../../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';

describe('An LDAP directory whose TLS fails', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const begun = Date.now() - minutes(60 * 24 * 500);
  let authority: Issued;
  before(async () => {
    authority = await makeAuthority({ name: 'Corp CA', now: begun });
  });

  /** A source for a server that shows this certificate; it trusts `authority`, unless the test says otherwise. */
  const given = async (shown: Issued, { options = {}, trusts = true }: { options?: TlsOptions; trusts?: boolean } = {}) => {
    const server = createServer({ cert: shown.certificate, key: shown.key, ...options }, (socket) => socket.on('error', () => undefined));
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => void server.close());
    return sourceAt((server.address() as AddressInfo).port, trusts);
  };
  const sourceAt = (port: number, trusts = true): UserSource => {
    const ca = join(temporaryFolder(undo), 'ca.pem');
    writeFileSync(ca, authority.certificate);
    const config = { urls: `ldaps://127.0.0.1:${port}`, baseDn: 'dc=corp', ...(trusts ? { ca } : {}) };
    const entry = userSourceConfig.parse({ name: 'ad', kind: 'ldap', config });
    const source = openUserSource(entry, { folder: '/', clock: Date.now, log: openLog('silent') });
    undo.later(() => source.close());
    return source;
  };
  /** What a login is told in the log, and what an operator is told who looks. */
  const reasons = async (source: UserSource): Promise<string[]> => {
    const [found, checked] = [await source.find('alice'), await source.check(AbortSignal.timeout(5000))];
    assert.ok(found.kind === 'unavailable' && !checked.ok);
    return [found.detail, checked.problem];
  };
  const assertTold = async (source: UserSource, reason: RegExp): Promise<void> => {
    for (const told of await reasons(source)) assert.match(told, reason);
  };
  const certificateFor = (hosts: string[], now = Date.now()) => issueServerCertificate(authority, { hosts, now });

  it('says that the certificate is for other hosts, and for which', async () => {
    const source = await given(await certificateFor(['ad1.corp.example', '10.0.0.5']));
    await assertTold(
      source,
      /: tls, its certificate is for ad1\.corp\.example, 10\.0\.0\.5, not for 127\.0\.0\.1; use a host from the certificate in the URL/,
    );
  });

  it('says that the certificate has ended', async () => {
    await assertTold(
      await given(await certificateFor(['127.0.0.1'], begun)),
      /: tls, its certificate, or one in its chain, has expired; it needs a new one/,
    );
  });

  it('says that nobody here trusts its authority, and where to name that', async () => {
    const source = await given(await certificateFor(['127.0.0.1']), { trusts: false });
    await assertTold(
      source,
      /: tls, its certificate is from an authority that is not trusted here; name the PEM file of its authority in ca/,
    );
  });

  it('says that the certificate is signed by itself', async () => {
    const own = { certificate: selfSigned.cert, key: selfSigned.key };
    await assertTold(await given(own), /: tls, its certificate is self-signed and not trusted here; name .* in ca/);
  });

  it('says that it wants TLS older than 1.2', async () => {
    const source = await given(await certificateFor(['127.0.0.1']), {
      options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    });
    await assertTold(source, /: tls, it does not speak TLS 1\.2 or newer/);
  });

  it('says that what answers speaks no TLS at all', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).end('not what you think\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => void server.close());
    await assertTold(sourceAt((server.address() as AddressInfo).port), /: tls, it does not speak TLS; check the port/);
  });
});
