import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { SignJWT } from 'jose';
import { type Issued, issueClientCertificate, makeAuthority } from '../../../src/foundation/crypto/index.ts';
import { testAuthority } from '../../kit/authority.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { signed } from '../../kit/signed-request.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { askTls, type TlsRequest } from '../../kit/tls-client.ts';

const apiKey = 'vpn-key-0123456789abcdef01234567';
const year = 365 * 86_400_000;

type Ask = Pick<TlsRequest, 'method' | 'body' | 'headers'> & { path: string };
const form = (path: string, body: string): Ask => ({
  path,
  method: 'POST',
  body,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});
const login = form('/validate/check', 'user=alice&pass=1234');
const relay = { challenge: { transactionId: '41234567890123456', gda: 'gone', challenge: 'lseqr://push/AgAAAA' } };

/** One request of each dialect that requires a caller. */
const asking: Readonly<Record<string, Ask>> = {
  'a login of privacyIDEA': login,
  'a login of eduMFA': form('/edumfa/validate/check', 'user=alice&pass=1234'),
  'a poll that is not public': { path: '/edumfa/validate/polltransaction?transaction_id=1', method: 'GET' },
  'a login of LinOTP': form('/linotp/validate/check', 'user=alice&pass=1234'),
  "LinOTP's simple check": form('/linotp/validate/simplecheck', 'user=alice&pass=1234'),
  "LinOTP's status": form('/linotp/validate/check_status', 'user=alice&pass=1234&transactionid=1'),
  'a push of a challenge service': { path: '/cs/v1/challenge', method: 'POST', body: JSON.stringify(relay) },
  'a device of a challenge service': { path: '/cs/v1/devices/phone', method: 'DELETE' },
};

/** Requests that are open to every caller. */
const open: Readonly<Record<string, Ask>> = {
  'a phone of privacyIDEA': form('/ttype/push', 'serial=PIPU1&nonce=A&signature=B'),
  'a phone of LinOTP': form('/linotp/validate/pair', 'pairing_response=AAAA'),
  'a public poll': { path: '/validate/polltransaction?transaction_id=1', method: 'GET' },
  'a probe': { path: '/livez', method: 'GET' },
  'the metrics': { path: '/metrics', method: 'GET' },
};

describe('A client certificate without an auth server', () => {
  const undo = cleanup();
  after(() => undo.run());

  let given: Awaited<ReturnType<typeof start>>;
  before(async () => {
    given = await start();
  });

  /** A gateway whose listener requests certificates, with every address of this machine as `vpn`. */
  async function start() {
    const { authority, server, client } = await testAuthority();
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'server.pem'), server.certificate + server.key, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const tls = { certificate: join(folder, 'server.pem'), clientCa: join(folder, 'ca.pem'), clientCertificate: 'request' };
    const mounts = [
      { path: '/', serves: 'privacyidea', publicPoll: true },
      { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
      { path: '/linotp', serves: 'linotp' },
      { path: '/cs', serves: 'challenge-service' },
      { path: '/', serves: 'ops' },
    ];
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const issuer = (name: string, authServer: string[]) => ({ name, match: { authServer }, actions: { tokenissuer: name } });
    const gateway = await givenGateway(undo, {
      environment: { VPN_KEY: apiKey, JWT_KEY: publicKey },
      policies: [issuer('vpn', ['vpn']), issuer('known', ['known']), { name: 'nobody', actions: { tokenissuer: 'nobody' } }],
      more: {
        trustedJwts: [{ publicKey: { $env: 'JWT_KEY' }, algorithm: 'ES256', role: 'validate', username: 'box', authServer: 'vpn' }],
        listeners: [
          { address: '127.0.0.1:0', mounts },
          { address: 'localhost:0', mounts, tls, trustedProxies: ['127.0.0.0/8', '::1/128'] },
        ],
        authServers: [
          {
            name: 'vpn',
            networks: ['127.0.0.0/8', '::1/128'],
            mounts: ['/', '/edumfa', '/linotp', '/cs'],
            apiKeys: [{ $env: 'VPN_KEY' }],
            hmacKeys: [{ id: 'vpn-1', secret: { $env: 'VPN_KEY' } }],
          },
          { name: 'known', certificates: [{ subject: 'CN=linotp' }], mounts: ['/'] },
        ],
      },
    });
    const now = Date.now();
    const elsewhere = await makeAuthority({ name: 'elsewhere', now });
    const certificates = {
      'of our CA with another name': await issueClientCertificate(authority, { name: 'linotp-three', now }),
      'with the right name of another CA': await issueClientCertificate(elsewhere, { name: 'linotp', now }),
      'with the right name that has ended': await issueClientCertificate(authority, { name: 'linotp', now: now - 2 * year }),
    };
    const ask = ({ path, ...rest }: Ask, client?: Issued) =>
      askTls({ url: `${gateway.gateway.urls[1]}${path}`, ca: authority.certificate, client, ...rest });
    /** The reply to a login on a connection resumed with a ticket that was issued to this certificate. */
    const resumed = async ({ certificate, key }: Issued): Promise<string> => {
      const options = { host: 'localhost', port: Number(new URL(gateway.gateway.urls[1] ?? '').port), ca: authority.certificate };
      const first = connect({ ...options, cert: certificate, key });
      const [session]: Buffer[] = await once(first, 'session');
      first.destroy();
      const second = connect({ ...options, session });
      await once(second, 'secureConnect');
      assert.ok(second.isSessionReused());
      second.write(`GET ${login.path}?${login.body} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      return text(second);
    };
    const claims = { role: 'validate', realm: '', username: 'box', exp: Math.floor(now / 1000) + 600 };
    const jwt = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(pair.privateKey);
    return { ...gateway, client, certificates, unknown: certificates['of our CA with another name'], jwt, ask, resumed };
  }

  it('leads to 401 in every dialect, though the network is known', async () => {
    const { ask, certificates } = given;
    for (const [what, request] of Object.entries(asking)) {
      // given a request that the network alone would let in
      assert.notEqual((await ask(request)).status, 401, what);
      // when it comes with such a certificate, then its caller is unknown
      for (const [which, certificate] of Object.entries(certificates))
        assert.equal((await ask(request, certificate)).status, 401, `${what}, certificate ${which}`);
    }
  });

  it('leaves the decision to a valid API key, signature or JWT of the same request', async () => {
    const { ask, unknown, clock, jwt } = given;
    const credentials: Readonly<Record<string, Record<string, string>>> = {
      'an API key': { 'x-api-key': apiKey },
      'an API key as bearer': { authorization: `Bearer ${apiKey}` },
      'a signature': signed({ now: clock(), id: 'vpn-1', key: apiKey, body: String(login.body) }),
      'a JWT': { authorization: jwt },
    };
    for (const [what, headers] of Object.entries(credentials))
      assert.equal((await ask({ ...login, headers: { ...login.headers, ...headers } }, unknown)).status, 200, what);
    const wrong = { ...login.headers, 'x-api-key': 'wrong-key-0123456789abcdef012345' };
    assert.equal((await ask({ ...login, headers: wrong }, unknown)).status, 401, 'a wrong API key');
  });

  it('does not stop an administrator, but then the network names no auth server to act for', async () => {
    const { ask, unknown, client, admin } = given;
    const init = form('/token/init', 'type=push&genkey=1&user=bob');
    const asAdmin = { ...init, headers: { ...init.headers, ...admin } };
    const descriptions = [];
    for (const certificate of [undefined, unknown, client]) {
      const { status, text: told } = await ask(asAdmin, certificate);
      assert.equal(status, 200, told);
      descriptions.push(/pushgate\+for\+(\w+)|issuer=(\w+)/.exec(told)?.[0]);
    }
    assert.deepEqual(descriptions, ['issuer=vpn', 'issuer=nobody', 'issuer=known']);
    // and a login that the administrator starts belongs to an auth server, so it requires one
    const trigger = form('/validate/triggerchallenge', 'user=alice');
    assert.equal((await ask({ ...trigger, headers: { ...trigger.headers, ...admin } }, unknown)).status, 401);
  });

  it('is ignored at open endpoints: phones, public polls, probes', async () => {
    const { ask, certificates } = given;
    for (const [what, request] of Object.entries(open)) {
      const without = await ask(request);
      for (const certificate of Object.values(certificates)) assert.equal((await ask(request, certificate)).status, without.status, what);
    }
  });

  it('stays the same where a session ticket replaces the certificate', async () => {
    const { resumed, unknown, client } = given;
    assert.match(await resumed(unknown), /^HTTP\/1\.1 401 /);
    assert.match(await resumed(client), /^HTTP\/1\.1 200 /);
  });

  it('is logged, with the values that an entry of authServers could name', async () => {
    const { ask, unknown, logged, certificates } = given;
    await ask(login, unknown);
    const { fingerprint256 } = new X509Certificate(unknown.certificate);
    const line = logged.findLast(({ message }) => String(message).includes('client certificate'));
    assert.equal(line?.subject, 'CN=linotp-three');
    assert.equal(line?.fingerprintSha256, fingerprint256.replaceAll(':', '').toLowerCase());
    await ask(login, certificates['with the right name that has ended']);
    assert.equal(logged.findLast(({ message }) => String(message).includes('client certificate'))?.reason, 'CERT_HAS_EXPIRED');
  });

  it('is never read from a header, also behind a proxy', async () => {
    const { ask } = given;
    const headers = { ...login.headers, 'x-forwarded-for': '192.0.2.1', 'x-ssl-client-s-dn': 'CN=linotp', 'x-client-cert': 'CN=linotp' };
    const { status, text: told } = await ask({ ...login, headers });
    assert.equal(status, 403);
    assert.match(told, /not known as an auth server/);
  });

  it('of a proxy counts for all its requests', async () => {
    const { ask, unknown, client } = given;
    const headers = { ...login.headers, 'x-forwarded-for': '127.0.0.9' };
    assert.equal((await ask({ ...login, headers })).status, 200, 'no certificate: known by the address that the proxy names');
    assert.equal((await ask({ ...login, headers }, unknown)).status, 401);
    assert.equal((await ask({ ...login, headers }, client)).status, 200, 'the auth server that lists it');
  });
});
