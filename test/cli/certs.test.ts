import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { runCli } from '../kit/operator.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate certs', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = () => {
    const folder = join(temporaryFolder(undo), 'certs');
    const certs = (...args: string[]) => runCli(['certs', ...args, '--out', folder]);
    const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
    return { folder, certs, read };
  };

  it('writes a CA, a server and a client certificate, for their owner only, and says so', async () => {
    const { folder, certs, read } = given();
    const { code, out } = await certs('--host', 'push.example', '10.0.0.5', '--client', 'linotp');
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(folder).sort(), ['ca-key.pem', 'ca.pem', 'client.pem', 'server.pem']);
    for (const file of ['ca.pem', 'ca-key.pem', 'server.pem', 'client.pem']) assert.ok(out.includes(join(folder, file)), file);
    const modes = ['ca.pem', 'ca-key.pem', 'server.pem', 'client.pem'].map((file) => statSync(join(folder, file)).mode & 0o777);
    assert.deepEqual(modes, [0o644, 0o600, 0o600, 0o600]);
    const certificate = (file: string): X509Certificate => new X509Certificate(read(file));
    const [ca, server, client] = [certificate('ca.pem'), certificate('server.pem'), certificate('client.pem')];
    assert.ok(server.verify(ca.publicKey) && client.verify(ca.publicKey));
    assert.deepEqual([server.checkHost('push.example'), server.checkIP('10.0.0.5')], ['push.example', '10.0.0.5']);
    assert.equal(client.subject, 'CN=linotp');
    // Certificate and key stand in one file, and belong together.
    for (const file of ['server.pem', 'client.pem']) createSecureContext({ cert: read(file), key: read(file) });
    assert.ok(!read('ca.pem').includes('PRIVATE'));
  });

  it('overwrites nothing, and writes nothing else either, until it is told to', async () => {
    const { folder, certs, read } = given();
    assert.equal((await certs('ca')).code, 0);
    const before = read('ca.pem');
    const again = await certs();
    assert.equal(again.code, 1);
    assert.match(again.err, /^pushgate: .*ca\.pem is there already\. .*--force/);
    assert.deepEqual([read('ca.pem'), readdirSync(folder).sort()], [before, ['ca-key.pem', 'ca.pem']]);
    assert.equal((await certs('--force')).code, 0);
    assert.notEqual(read('ca.pem'), before);
  });

  it('issues more from the CA that is there', async () => {
    const { folder, certs, read } = given();
    await certs('ca');
    const [server, client] = [await certs('server', '--host', 'a.example'), await certs('client', '--client', 'other', '--p12')];
    assert.deepEqual([server.code, client.code], [0, 0], server.err + client.err);
    const ca = new X509Certificate(read('ca.pem'));
    assert.ok(new X509Certificate(read('server.pem')).verify(ca.publicKey));
    assert.equal(new X509Certificate(read('client.pem')).subject, 'CN=other');
    const [, password = ''] = /Password: (\S+) /.exec(client.out) ?? [];
    createSecureContext({ pfx: readFileSync(join(folder, 'client.p12')), passphrase: password });
    assert.equal((await certs('client')).code, 1);
    assert.equal((await certs('client', '--force')).code, 0);
  });

  it('says where a CA comes from when there is none', async () => {
    const { certs } = given();
    for (const kind of ['server', 'client']) {
      const { code, err } = await certs(kind);
      assert.equal(code, 1);
      assert.match(err, /^pushgate: there is no CA in .*npx pushgate certs ca --out/);
    }
  });

  it('has an example in every help', async () => {
    for (const command of [[], ['ca'], ['server'], ['client']]) {
      const { code, out } = await runCli(['certs', ...command, '--help']);
      assert.equal(code, 0);
      assert.match(out, /Example:\n {2}npx pushgate certs/);
    }
  });
});
