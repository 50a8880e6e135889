import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { connect } from 'node:tls';
import { inspectConfig, problemText } from '../../../src/config/index.ts';
import { clientCertificate, holdReply, type ListenerTls, type Mount, openListener, readListenerTls } from '../../../src/edge/http/index.ts';
import { issueClientCertificate, issueServerCertificate, makeAuthority } from '../../../src/foundation/crypto/index.ts';
import type { GatewayEvent } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { testAuthority } from '../../kit/authority.ts';
import { configText } from '../../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { askTls } from '../../kit/tls-client.ts';
import { samplesOf } from '../../repository/prom-text.ts';

const mount: Mount = {
  path: '/',
  dialect: 'test',
  routes: [
    {
      methods: ['GET'],
      path: '/who',
      handle: (ctx) => {
        ctx.body = { certificate: clientCertificate(ctx) ?? null };
      },
    },
    {
      methods: ['GET'],
      path: '/later',
      handle: (ctx) =>
        holdReply(ctx, setImmediate(), async (back) => {
          back.body = { isSecure: back.secure, certificate: clientCertificate(back) ?? null };
        }),
    },
  ],
  fallback: { notFound: () => undefined, methodNotAllowed: () => undefined, error: () => true },
};

describe('A listener with TLS', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (tls: Partial<ListenerTls> = {}) => {
    const made = await testAuthority();
    const folder = temporaryFolder(undo);
    const path = (file: string): string => join(folder, file);
    writeFileSync(path('server.pem'), made.server.certificate + made.server.key);
    writeFileSync(path('ca.pem'), made.authority.certificate);
    const config = { certificate: 'server.pem', ...tls };
    const log = openLog('silent');
    const metrics = openMetrics('test');
    const told: GatewayEvent[] = [];
    const listener = await openListener({
      address: '127.0.0.1:0',
      mounts: [mount],
      log,
      metrics,
      tell: (event) => void told.push(event),
      draining: { now: false },
      tls: readListenerTls(config, path),
    });
    undo.later(() => listener.close(0));
    const who = (client?: { certificate: string; key: string }, agent?: Agent, path = '/who') =>
      askTls({ url: `${listener.url}${path}`, ca: made.authority.certificate, client, ...(agent ? { agent } : {}) });
    /** The number of refused handshakes by reason, without zeros. */
    const refused = async (): Promise<Record<string, number>> => {
      const shown = samplesOf(await metrics.text()).filter(
        ({ name, value }) => name === 'pushgate_tls_handshakes_refused_total' && value > 0,
      );
      return Object.fromEntries(shown.map(({ labels, value }) => [labels.reason ?? '', value]));
    };
    return { ...made, refused, told, listener, folder, path, config, who };
  };
  const stranger = async () =>
    issueClientCertificate(await makeAuthority({ name: 'elsewhere', now: Date.now() }), { name: 'linotp', now: Date.now() });

  it('reports the identity in a trusted client certificate', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    const { certificate } = JSON.parse((await who(client)).text);
    assert.deepEqual(certificate.subject, ['CN=linotp']);
    assert.match(certificate.fingerprintSha256, /^[0-9a-f]{64}$/);
  });

  it('knows the certificate of a request with a waiting reply, and of the next one on its connection', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    undo.later(() => agent.destroy());
    for (const path of ['/later', '/later', '/who']) {
      const { isSecure = true, certificate } = JSON.parse((await who(client, agent, path)).text);
      assert.deepEqual([isSecure, certificate.subject], [true, ['CN=linotp']]);
    }
  });

  it('where one is requested, serves clients without one, and reports of an untrusted one only the reason', async () => {
    const { who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    assert.equal((await who()).text, '{"certificate":null}');
    assert.equal((await who(await stranger())).text, '{"certificate":{"untrusted":"UNABLE_TO_VERIFY_LEAF_SIGNATURE"}}');
  });

  it('where one is required, refuses clients without one', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'require' });
    assert.equal((await who(client)).status, 200);
    await assert.rejects(who());
    await assert.rejects(who(await stranger()));
  });

  it('counts refused handshakes by reason, and logs each reason once a minute', async () => {
    // given clients with all kinds of trouble
    const { authority, who, listener, refused, told } = await given({ clientCa: 'ca.pem', clientCertificate: 'require' });
    const from = (days: number) => issueClientCertificate(authority, { name: 'linotp', now: Date.now() + days * 86_400_000 });
    const { port } = new URL(listener.url);
    const plain = (text: string) =>
      new Promise<void>((resolve) => {
        const socket = connectTcp(Number(port), '127.0.0.1', () => void socket.write(text));
        socket
          .on('error', () => undefined)
          .on('close', () => resolve())
          .resume();
      });
    // when they come, some of them twice
    for (const client of [undefined, undefined, await stranger(), await from(-4000), await from(400)]) await assert.rejects(who(client));
    await plain('GET / HTTP/1.1\r\n\r\n');
    // then each is counted
    const counted = { 'no-certificate': 2, untrusted: 1, expired: 1, 'not-yet-valid': 1, 'no-tls': 1 };
    assert.deepEqual(await refused(), counted);
    // and told, with the reason that Node has
    const events = told.flatMap((event) => (event.kind === 'tls-refused' ? [[event.problem, event.reason]] : []));
    assert.deepEqual(events, [
      ['no-certificate', 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
      ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ['expired', 'CERT_HAS_EXPIRED'],
      ['not-yet-valid', 'CERT_NOT_YET_VALID'],
      ['no-tls', 'ERR_SSL_HTTP_REQUEST'],
    ]);
  });

  it('requests none where none is configured, and accepts nothing older than TLS 1.2', async () => {
    const { client, who, listener, authority } = await given();
    assert.equal((await who(client)).text, '{"certificate":null}');
    const { port } = new URL(listener.url);
    const old = connect({
      port: Number(port),
      host: '127.0.0.1',
      ca: authority.certificate,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    await assert.rejects(new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject)));
  });

  it('uses a new certificate for new connections and keeps the old ones open', async () => {
    // given a client with an open connection
    const { authority, listener, path, config, who } = await given();
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certificate });
    undo.later(() => agent.destroy());
    await who(undefined, agent);
    const [socket] = Object.values(agent.freeSockets).flat();
    // when the file holds another certificate
    const next = await issueServerCertificate(authority, { hosts: ['127.0.0.1', 'next.example'], now: Date.now() });
    writeFileSync(path('server.pem'), next.certificate + next.key);
    listener.renew(readListenerTls(config, path));
    // then the open connection still works, and a new one sees the new certificate
    assert.equal((await who(undefined, agent)).status, 200);
    assert.equal(Object.values(agent.freeSockets).flat()[0], socket);
    const seen = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1', ca: authority.certificate });
    await new Promise((resolve, reject) => seen.once('secureConnect', resolve).once('error', reject));
    assert.match(seen.getPeerCertificate().subjectaltname ?? '', /next\.example/);
    seen.destroy();
  });

  it('is checked with its files before a start', async () => {
    const { folder, path, server, authority, client } = await given();
    writeFileSync(path('other.pem'), client.key);
    writeFileSync(path('cert-only.pem'), server.certificate);
    const ended = await issueServerCertificate(authority, { hosts: ['localhost'], now: Date.now() - 400 * 86_400_000 });
    writeFileSync(path('ended.pem'), ended.certificate + ended.key);
    const check = async (tls: object): Promise<string> => {
      const { listeners, ...rest } = JSON.parse(configText());
      writeFileSync(path('config.json'), JSON.stringify({ ...rest, listeners: [{ ...listeners[0], tls }] }));
      return (await inspectConfig(join(folder, 'config.json'), {}, openLog('silent'))).map(problemText).join('\n');
    };
    assert.equal(await check({ certificate: 'server.pem' }), '');
    assert.match(
      await check({ certificate: 'missing.pem' }),
      /^listeners\[0\]\.tls\.certificate: Cannot read the certificate .*missing\.pem/m,
    );
    assert.match(await check({ certificate: 'cert-only.pem' }), /^listeners\[0\]\.tls\.key: There is no private key/m);
    assert.match(await check({ certificate: 'server.pem', key: 'other.pem' }), /^listeners\[0\]\.tls\.key: .*does not belong/m);
    assert.match(
      await check({ certificate: 'ended.pem' }),
      /^listeners\[0\]\.tls\.certificate: the certificate of .* ended on .*ended\.pem/m,
    );
    const old = await makeAuthority({ name: 'old CA', now: Date.now() - 4000 * 86_400_000 });
    const { certificate, key } = await issueServerCertificate(old, { hosts: ['localhost'], now: Date.now() });
    writeFileSync(path('old-chain.pem'), old.certificate + certificate + key);
    assert.match(
      await check({ certificate: 'old-chain.pem' }),
      /^listeners\[0\]\.tls\.certificate: warning: the intermediate certificate CN=old CA ended on/,
    );
    assert.match(await check({ certificate: 'server.pem', clientCa: 'ca.pem' }), /^listeners\[0\]\.tls\.clientCa: .*together/m);
    assert.match(
      await check({ certificate: 'server.pem', clientCa: 'other.pem', clientCertificate: 'require' }),
      /tls\.clientCa: There is no certificate/,
    );
  });
});
