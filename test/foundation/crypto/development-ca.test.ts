import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import {
  exportPkcs12,
  type Issued,
  issueClientCertificate,
  issueServerCertificate,
  makeAuthority,
} from '../../../src/foundation/crypto/index.ts';
import { cleanup } from '../../kit/temporary.ts';

const day = 86_400_000;
const now = Date.now();

describe('The development authority', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  let authority: Issued;
  before(async () => {
    authority = await makeAuthority({ name: 'Test CA', now });
  });

  it('signs itself, may sign others, and is valid for ten years', () => {
    const certificate = new X509Certificate(authority.certificate);
    assert.ok(certificate.ca);
    assert.equal(certificate.subject, 'CN=Test CA');
    assert.ok(certificate.verify(certificate.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(authority.key)));
    assert.ok(Math.abs(Date.parse(certificate.validTo) - (now + 3650 * day)) < 1000);
  });

  it('issues server certificates for names and addresses, and for those only', async () => {
    const hosts = ['localhost', 'push.example', '127.0.0.1', '::1'];
    const server = await issueServerCertificate(authority, { hosts, now });
    const certificate = new X509Certificate(server.certificate);
    assert.ok(certificate.verify(new X509Certificate(authority.certificate).publicKey));
    assert.ok(certificate.checkIssued(new X509Certificate(authority.certificate)));
    assert.equal(certificate.ca, false);
    assert.deepEqual([certificate.checkHost('push.example'), certificate.checkHost('other.example')], ['push.example', undefined]);
    assert.deepEqual([certificate.checkIP('127.0.0.1'), certificate.checkIP('::1')], ['127.0.0.1', '::1']);
    assert.equal(certificate.checkIP('127.0.0.2'), undefined);
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  });

  it('gives every certificate a positive number of its own, valid from the day before', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map((name) => issueClientCertificate(authority, { name, now })));
    const [first, second] = [new X509Certificate(one?.certificate ?? ''), new X509Certificate(two?.certificate ?? '')];
    assert.notEqual(first.serialNumber, second.serialNumber);
    assert.match(first.serialNumber, /^[4-7][0-9A-F]{31}$/);
    assert.ok(Date.parse(first.validFrom) < now && Date.parse(first.validTo) < now + 398 * day);
  });

  it('makes mutual TLS work: a client with a certificate is known by name, a client without one is refused', async () => {
    // given a server that asks for certificates of this authority
    const [tls, client] = await Promise.all([
      issueServerCertificate(authority, { hosts: ['localhost'], now }),
      issueClientCertificate(authority, { name: 'linotp', now }),
    ]);
    const options = { cert: tls.certificate, key: tls.key, ca: authority.certificate, requestCert: true, rejectUnauthorized: true };
    const server = createServer(options, (asked, reply) => {
      reply.end((asked.socket as TLSSocket).getPeerCertificate().subject.CN);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    undo.later(() => server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    const ask = async (more: object): Promise<string> => {
      const sent = request({ host: 'localhost', port, ca: authority.certificate, agent: false, ...more }).end();
      const [reply] = await once(sent, 'response');
      return String((await reply.toArray()).join(''));
    };
    // then
    assert.equal(await ask({ cert: client.certificate, key: client.key }), 'linotp');
    await assert.rejects(ask({}));
    // and the same from a .p12
    const pfx = await exportPkcs12(client, { authority, password: 'secret' });
    assert.equal(await ask({ pfx, passphrase: 'secret' }), 'linotp');
  });

  it('keeps a .p12 closed to a wrong password', async () => {
    const client = await issueClientCertificate(authority, { name: 'linotp', now });
    const pfx = await exportPkcs12(client, { authority, password: 'right' });
    assert.throws(() => createSecureContext({ pfx, passphrase: 'wrong' }));
    createSecureContext({ pfx, passphrase: 'right' });
  });
});
