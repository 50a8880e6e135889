import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { testAuthority } from '../kit/authority.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate, pushgateAt } from '../kit/gateway-process.ts';
import { filesOf, loadedFiles } from '../kit/loaded-files.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const ops = [{ path: '/', serves: 'ops' }];
const logins = [{ path: '/', serves: 'privacyidea', phones: 'none' }];
const tls = { certificate: 'server.pem' };
const askingTls = { ...tls, clientCa: 'ca.pem', clientCertificate: 'request' };
const mutualTls = { ...tls, clientCa: 'ca.pem', clientCertificate: 'require' };

type Wish = { host?: string; tls?: object; mounts: object[] };
type Said = { code: number; text: RegExp };

const lives = { code: 0, text: /^The gateway at \S+ lives\.\n$/ };
const ready = { code: 0, text: /^The gateway at \S+ is ready\.\n$/ };
const answers = { code: 0, text: /^The gateway answers at \S+; .*, so it was asked no more\.\n$/ };
const untold = { code: 1, text: /^pushgate: the gateway answers at \S+, but .*; add a listener with an ops mount/ };

/** What a gateway listens on, and what `health` and `health --ready` say of it. */
const forms: [form: string, listeners: Wish[], said: Said, ofReady: Said][] = [
  ['plain HTTP beside the logins', [{ mounts: [...logins, ...ops] }], lives, ready],
  ['another port, on every address', [{ mounts: logins }, { host: '0.0.0.0', mounts: ops }], lives, ready],
  ['IPv6, below a path', [{ host: '[::1]', mounts: [{ path: '/own/ops', serves: 'ops' }] }], lives, ready],
  ['TLS that asks for a client certificate', [{ tls: askingTls, mounts: ops }], lives, ready],
  ['mutual TLS, and plain HTTP for ops', [{ tls: mutualTls, mounts: [...logins] }, { mounts: ops }], lives, ready],
  ['mutual TLS alone', [{ tls: mutualTls, mounts: ops }], answers, untold],
  ['no mount for ops', [{ mounts: logins }], answers, untold],
];

describe('pushgate health', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The file of a configuration with these listeners, each on a port of its own. */
  const givenConfig = async (wishes: readonly Wish[]): Promise<string> => {
    const folder = temporaryFolder(undo);
    const { authority, server } = await testAuthority();
    writeFileSync(join(folder, 'server.pem'), server.certificate + server.key, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    const listeners = await Promise.all(
      wishes.map(async ({ host = '127.0.0.1', ...rest }) => ({ address: `${host}:${await freePort()}`, ...rest })),
    );
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more: { listeners, policies: [] } }));
    return file;
  };

  const assertSays = async (file: string, said: Said, ...more: string[]): Promise<void> => {
    const { code, out, err } = await pushgate('health', '--config', file, ...more);
    assert.match(out + err, said.text);
    assert.equal(code, said.code);
  };

  for (const [form, wishes, said, ofReady] of forms) {
    it(`asks a gateway behind ${form}`, async () => {
      // given a gateway in a process of its own
      const file = await givenConfig(wishes);
      const gateway = await gatewayProcess(file);
      undo.later(() => gateway.end('SIGTERM'));
      // then it is told to live, and to be ready where it can be asked
      await assertSays(file, said);
      await assertSays(file, ofReady, '--ready');
      // and no longer when it has ended
      await gateway.end('SIGTERM');
      await assertSays(file, { code: 1, text: /^pushgate: the gateway does not answer at \S+ \(connection\)\.\n$/ });
    });
  }

  it('finds a process that hangs, within its limit', async () => {
    const file = await givenConfig([{ tls, mounts: ops }]);
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    gateway.child.kill('SIGSTOP');
    await assertSays(file, { code: 1, text: /^pushgate: the gateway does not answer at \S+ \(timeout\)\.\n$/ });
  });

  it('takes no other program for the gateway', async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    const other = createServer((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    undo.later(() => other.close());
    const { port } = other.address() as AddressInfo;
    writeFileSync(file, configText({ mounts: ops }, `127.0.0.1:${port}`));
    await assertSays(file, { code: 1, text: /is not a pushgate/ });
    await assertSays(file, { code: 1, text: /is not a pushgate/ }, '--ready');
  });

  const unusable: [what: string, text: string | undefined, says: RegExp][] = [
    ['is missing', undefined, /config\.json .*; name the configuration of the gateway with --config\.\n$/],
    ['is not JSON', '{', /does not say where the gateway listens; try it with: npx pushgate check-config/],
    ['has no listener', '{"listeners":[]}', /does not say where the gateway listens/],
    ['has an address that is none', '{"listeners":[{"address":"a b"}]}', /does not say where the gateway listens/],
  ];
  for (const [what, text, says] of unusable) {
    it(`says in one sentence that the file ${what}`, async () => {
      const file = join(temporaryFolder(undo), 'config.json');
      if (text !== undefined) writeFileSync(file, text);
      const { code, out, err } = await pushgate('health', '--config', file);
      assert.deepEqual([code, out, err.trim().split('\n').length], [1, '', 1]);
      assert.match(err, says);
    });
  }

  it('asks the gateway of PUSHGATE_CONFIG where no option names one, as the gateway itself starts with it', async () => {
    const file = await givenConfig([{ mounts: ops }]);
    const place = { variables: { PUSHGATE_CONFIG: file } };
    const { err } = await pushgateAt(place, 'health');
    assert.match(err, /does not answer/);
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGTERM'));
    const { code, out } = await pushgateAt(place, 'health');
    assert.equal(code, 0);
    assert.match(out, lives.text);
  });

  it('loads neither the gateway nor its configuration: it runs every few seconds', () => {
    const [files = []] = loadedFiles(`await import('./src/cli/commands/health.ts');`);
    const own = files.filter((url) => url.includes('/src/'));
    assert.ok(own.length > 5 && own.length < 80, `${own.length} files`);
    for (const name of ['zod', 'koa', 'undici', 'pino']) assert.equal(filesOf(name, files), 0, name);
  });
});
