import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { connect } from 'node:tls';
import { inspectConfig, problemText } from '../../../src/config/index.ts';
import { clientCertificate, holdReply, type ListenerTls, type Mount, openListener, readListenerTls } from '../../../src/edge/http/index.ts';
import { issueClientCertificate, issueServerCertificate, makeAuthority } from '../../../src/foundation/crypto/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { testAuthority } from '../../kit/authority.ts';
import { configText } from '../../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';
import { askTls } from '../../kit/tls-client.ts';

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
    const listener = await openListener({
      address: '127.0.0.1:0',
      mounts: [mount],
      log,
      metrics: openMetrics('test'),
      draining: { now: false },
      tls: readListenerTls(config, path),
    });
    undo.later(() => listener.close(0));
    const who = (client?: { certificate: string; key: string }, agent?: Agent, path = '/who') =>
      askTls({ url: `${listener.url}${path}`, ca: made.authority.certificate, client, ...(agent ? { agent } : {}) });
    return { ...made, listener, folder, path, config, who };
  };
  const stranger = async () =>
    issueClientCertificate(await makeAuthority({ name: 'elsewhere', now: Date.now() }), { name: 'linotp', now: Date.now() });

  it('tells what a trusted client certificate says', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    const { certificate } = JSON.parse((await who(client)).text);
    assert.deepEqual(certificate.subject, ['CN=linotp']);
    assert.match(certificate.fingerprintSha256, /^[0-9a-f]{64}$/);
  });

  it('knows the same of a request whose reply waited, and of the next one on its connection', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    undo.later(() => agent.destroy());
    for (const path of ['/later', '/later', '/who']) {
      const { isSecure = true, certificate } = JSON.parse((await who(client, agent, path)).text);
      assert.deepEqual([isSecure, certificate.subject], [true, ['CN=linotp']]);
    }
  });

  it('where one is requested, serves who has none, and says of one that it does not trust no more than why', async () => {
    const { who } = await given({ clientCa: 'ca.pem', clientCertificate: 'request' });
    assert.equal((await who()).text, '{"certificate":null}');
    assert.equal((await who(await stranger())).text, '{"certificate":{"untrusted":"UNABLE_TO_VERIFY_LEAF_SIGNATURE"}}');
  });

  it('where one is required, lets nobody else in', async () => {
    const { client, who } = await given({ clientCa: 'ca.pem', clientCertificate: 'require' });
    assert.equal((await who(client)).status, 200);
    await assert.rejects(who());
    await assert.rejects(who(await stranger()));
  });

  it('asks for none where none is wanted, and speaks nothing older than TLS 1.2', async () => {
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

  it('takes a new certificate for new connections and keeps the old ones open', async () => {
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
    // then the open connection is of use still, and a new one sees the new certificate
    assert.equal((await who(undefined, agent)).status, 200);
    assert.equal(Object.values(agent.freeSockets).flat()[0], socket);
    const seen = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1', ca: authority.certificate });
    await new Promise((resolve, reject) => seen.once('secureConnect', resolve).once('error', reject));
    assert.match(seen.getPeerCertificate().subjectaltname ?? '', /next\.example/);
    seen.destroy();
  });

  it('is checked with its files before a start', async () => {
    const { folder, path, server, authority, client } = await given();
    writeFileSync(path('keyring.json'), '{}');
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
      /^listeners\[0\]\.tls\.certificate: warning: the certificate CN=old CA of the chain ended on/,
    );
    assert.match(await check({ certificate: 'server.pem', clientCa: 'ca.pem' }), /^listeners\[0\]\.tls\.clientCa: .*together/m);
    assert.match(
      await check({ certificate: 'server.pem', clientCa: 'other.pem', clientCertificate: 'require' }),
      /tls\.clientCa: There is no certificate/,
    );
  });
});
