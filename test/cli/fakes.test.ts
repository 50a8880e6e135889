import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { runCommand } from '../../src/cli/index.ts';
import { openHttp } from '../../src/foundation/wire/index.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate fakes', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Runs the command in this process until it is stopped; resolves when it says that it is there, or has ended. */
  const start = async (folder: string, ...args: string[]) => {
    const lines: string[] = [];
    const errors: string[] = [];
    let stop = (): void => undefined;
    let isUp = (): void => undefined;
    const up = new Promise<void>((resolve) => {
      isUp = resolve;
    });
    const ended = runCommand(['fakes', '--out', folder, '--port', '0', ...args], {
      out: (line) => {
        lines.push(line);
        if (line.includes('Ctrl-C')) isUp();
      },
      err: (line) => void errors.push(line),
      environment: {},
      stopRequested: () =>
        new Promise((resolve) => {
          stop = resolve;
        }),
      onReloadRequested: () => () => undefined,
    });
    const end = async (): Promise<number> => {
      stop();
      return ended;
    };
    await Promise.race([up, ended]);
    undo.later(end);
    return { lines, errors, end, ended, providers: () => providersIn(lines[0] ?? '') };
  };

  const deliver = async (providers: Providers): Promise<number> => {
    const { push_url, access_certificate, server_certificate } = providers.cs;
    const pem = readFileSync(access_certificate, 'utf8');
    const http = openHttp({ ca: readFileSync(server_certificate, 'utf8'), clientCertificate: { certificate: pem, key: pem } });
    undo.later(() => http.close());
    const challenge = { transactionId: '41227575594942494', gda: 'DEVICE-ADDRESS-0001', challenge: 'lseqr://push/A' };
    const reply = await http.request({
      method: 'POST',
      url: push_url[1] ?? '',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ challenge }),
      signal: AbortSignal.timeout(5000),
    });
    assert.ok(reply.ok, JSON.stringify(reply));
    return reply.value.status;
  };

  it('says what to put into a configuration, and the files named there are what it takes', async () => {
    const folder = join(temporaryFolder(undo), 'fakes');
    const { providers, lines, end } = await start(folder);
    const { fcm, apns } = providers();
    const account = JSON.parse(readFileSync(fcm.service_account.$file, 'utf8'));
    assert.equal(account.token_uri, `${fcm.api_url}/token`);
    assert.match(readFileSync(apns.key.$file, 'utf8'), /BEGIN PRIVATE KEY/);
    assert.deepEqual([apns.key_id.length, apns.team_id.length], [10, 10]);
    for (const file of [fcm.service_account.$file, apns.key.$file]) assert.equal(statSync(file).mode & 0o777, 0o600);
    // when something is delivered as that says
    assert.equal(await deliver(providers()), 200);
    // then it is shown, without the whole device address
    const line = lines.at(-1) ?? '';
    assert.match(line, /^\d\d:\d\d:\d\d {2}challenge-service {2}200 {2}taken {5}…0001 {2}sent$/);
    assert.ok(!lines.join('').includes('DEVICE-ADDRESS'));
    assert.equal(await end(), 0);
  });

  it('rehearses an outage by the call it shows', async () => {
    const { providers, lines } = await start(join(temporaryFolder(undo), 'fakes'));
    const [, url = ''] = /curl -X PUT (\S+)/.exec(lines[0] ?? '') ?? [];
    const put = await fetch(url, { method: 'PUT', body: '{"status":503,"times":1}' });
    assert.equal(put.status, 200);
    assert.deepEqual([await deliver(providers()), await deliver(providers())], [503, 200]);
    assert.match(lines.at(-2) ?? '', /503 {2}fault {5}…0001 {2}HTTP 503$/);
  });

  it('has the same keys after a second start', async () => {
    const folder = join(temporaryFolder(undo), 'fakes');
    const keys = () => ['ca.pem', 'client.pem', 'apns-key.p8'].map((file) => readFileSync(join(folder, file), 'utf8'));
    const account = () => JSON.parse(readFileSync(join(folder, 'service-account.json'), 'utf8')).private_key;
    await (await start(folder)).end();
    const before = [...keys(), account()];
    const { providers } = await start(folder);
    assert.deepEqual([...keys(), account()], before);
    assert.equal(await deliver(providers()), 200);
  });

  it('takes six ports in a row', async () => {
    const first = await freePort();
    const { lines, ended, errors } = await start(join(temporaryFolder(undo), 'fakes'), '--port', String(first));
    // Another process may have one of them; then that is what is said.
    if (errors.length > 0) return void assert.match(errors[0] ?? '', /--port/, String(await ended));
    assert.match(
      lines[0] ?? '',
      new RegExp(`https://localhost:${first + 1}\\b.*https://localhost:${first + 2}\\b.*:${first + 5}/v1/challenge`, 's'),
    );
  });

  it('serves other machines by the name they use, and takes orders from this one only', async function () {
    // Elsewhere 127.0.0.2 is no address of this machine.
    if (process.platform !== 'linux') this.skip();
    // given fakes that are known to others as a name of its own; 127.0.0.2 stands for another address of this machine
    const { providers, lines } = await start(join(temporaryFolder(undo), 'fakes'), '--host', 'push-fakes');
    const { hostname, port } = new URL(providers().fcm.api_url);
    assert.equal(hostname, 'push-fakes');
    const ca = readFileSync(providers().cs.server_certificate, 'utf8');
    // when somebody connects by that address, then the certificate is of that name
    const socket = connect({ host: '127.0.0.2', port: Number(port), servername: hostname, ca });
    undo.later(() => socket.destroy());
    await once(socket, 'secureConnect');
    assert.ok(socket.authorized);
    // and orders are taken on loopback only
    const [, control = ''] = /curl -X PUT (\S+)/.exec(lines[0] ?? '') ?? [];
    assert.equal((await fetch(control)).status, 200);
    await assert.rejects(fetch(control.replace('127.0.0.1', '127.0.0.2')));
  });

  it('says what to do when a port is taken, or is none', async () => {
    const folder = join(temporaryFolder(undo), 'fakes');
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    undo.later(() => other.close());
    const address = other.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    const late = await start(folder, '--port', String(taken));
    assert.deepEqual([await late.ended, late.errors.length], [1, 1]);
    assert.match(late.errors[0] ?? '', /^pushgate: one of the ports cannot be had \(EADDRINUSE\)\. .*--port/);
    const wrong = await start(folder, '--port', 'many');
    assert.match(wrong.errors[0] ?? '', /^pushgate: --port takes a number/);
  });

  it('says in its help how a device address asks for a fault', async () => {
    const { lines, ended } = await start('unused', '--help');
    assert.equal(await ended, 0);
    assert.match(lines.join('\n'), /fault:status=503.*\b6661756c74[0-9a-f]{54}\b.*Example:\n {2}npx pushgate fakes/s);
  });

  it('touches no folder with the keys of real services in it', async () => {
    const folder = join(temporaryFolder(undo), 'secrets');
    mkdirSync(folder);
    const real = JSON.stringify({ client_email: 'push@acme.iam.gserviceaccount.com', private_key: 'x' });
    writeFileSync(join(folder, 'service-account.json'), real);
    const { ended, errors } = await start(folder);
    assert.equal(await ended, 1);
    assert.match(errors[0] ?? '', /holds keys that are not those of the fakes/);
    assert.equal(readFileSync(join(folder, 'service-account.json'), 'utf8'), real);
  });
});

type Providers = {
  fcm: { service_account: { $file: string }; api_url: string };
  apns: { key: { $file: string }; key_id: string; team_id: string };
  cs: { push_url: string[]; access_certificate: string; server_certificate: string };
};

function providersIn(banner: string): Providers {
  const [, list = ''] = /"providers": (\[.*?\n\])/s.exec(banner) ?? [];
  const providers: { name: string; config: object }[] = JSON.parse(list);
  return Object.fromEntries(providers.map(({ name, config }) => [name, config])) as Providers;
}
