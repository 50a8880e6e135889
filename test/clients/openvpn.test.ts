import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenRest } from '../edge/dialects/rest/given.ts';
import { testAuthority } from '../kit/authority.ts';
import { seconds } from '../kit/clock.ts';
import { haveProgram } from '../kit/debian.ts';
import { freePort } from '../kit/ports.ts';
import { comesTrue, isAlive } from '../kit/processes.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { haveSystemPython, installScript, processOf, type RunningScript, startProgram } from './login-script.ts';

const returnUrl = 'https://mfa.example/done';

type Wish = { mode?: string; more?: string; key?: string; url?: string };

/** A gateway with pages, alice's phone, and the script with its settings. */
async function givenScript(undo: Cleanup, { mode = 'confirm', more = '', key, url }: Wish = {}) {
  const world = await givenRest(undo, { returnUrls: [returnUrl], publicUrl: 'https://mfa.example/rest' });
  const phone = await world.phoneOf('alice');
  const proxy = await tcpProxy(undo, Number(new URL(world.client.url).port));
  const address = url ?? `http://127.0.0.1:${proxy.port}/rest`;
  const settings = `url = ${address}\nmode = ${mode}\n${more || `return_url = ${returnUrl}`}`;
  const script = installScript(undo, 'deploy/openvpn/pushgate-verify', settings, key === undefined ? {} : { key });
  /** What the phone shows, as soon as it is asked. */
  const shown = async () => {
    for (;;) {
      const [newest] = (await phone.poll()).body.result.value.slice(-1);
      if (newest) return newest;
    }
  };
  return { ...world, ...script, phone, proxy, shown };
}

type Given = Awaited<ReturnType<typeof givenScript>>;

/** The files and variables of OpenVPN for one client, and the start of the script with them. */
function givenClient(undo: Cleanup, script: Given, { user = 'alice', ...variables }: Record<string, string> = {}) {
  const folder = temporaryFolder(undo);
  const [control, pending, credentials] = ['acf', 'apf', 'up'].map((name) => join(folder, name)) as [string, string, string];
  for (const file of [control, pending]) writeFileSync(file, '');
  writeFileSync(credentials, `${user}\nthe password\n`);
  const environment = {
    script_type: 'user-pass-verify',
    auth_control_file: control,
    auth_pending_file: pending,
    username: user,
    common_name: 'certificate-of-alice',
    untrusted_ip: '192.0.2.7',
    ...variables,
  };
  return {
    control,
    pending: () => readFileSync(pending, 'utf8'),
    verdict: () => readFileSync(control, 'utf8'),
    /** Runs the script as OpenVPN does, which deletes the credentials when it has ended. */
    async verify(): Promise<number | null> {
      const running = script.start(environment, script.settings, credentials);
      const code = await running.ended();
      rmSync(credentials);
      assert.equal(running.output(), '');
      return code;
    },
    /** What is written to the control file. */
    async decided(): Promise<string> {
      const changes = watch(control);
      try {
        while (readFileSync(control, 'utf8') === '') await once(changes, 'change');
        return readFileSync(control, 'utf8');
      } finally {
        changes.close();
      }
    },
  };
}

describe('pushgate-verify, which OpenVPN starts', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    if (!haveSystemPython()) this.skip();
  });
  afterEach(() => undo.run());

  it('lets OpenVPN go on at once, and writes 1 when the phone accepts', async () => {
    const given = await givenScript(undo);
    const client = givenClient(undo, given);
    assert.equal(await client.verify(), 2);
    assert.equal(client.verdict(), '');
    const { nonce, question } = await given.shown();
    assert.match(question, /^Log in: VPN\?\nFrom: 192\.0\.2\.7$/);
    await given.phone.answer(nonce);
    assert.equal(await client.decided(), '1');
    assert.equal(client.pending(), '');
  });

  it('has a client that opens pages show the number', async () => {
    const given = await givenScript(undo, { mode: 'page' });
    const client = givenClient(undo, given, { IV_SSO: 'openurl,webauth,crtext' });
    assert.equal(await client.verify(), 2);
    // then the page is named before the script ends
    const [, secret] = /^45\nwebauth\nWEB_AUTH::https:\/\/mfa\.example\/rest(\/wait\/shop\/[\w-]{22})\n$/.exec(client.pending()) ?? [];
    const page = await fetch(`${given.client.url}/rest${secret}`);
    const [, option = ''] = /class="number"[^>]*>(\w+)</.exec(await page.text()) ?? [];
    await given.phone.answer((await given.shown()).nonce, { option });
    assert.equal(await client.decided(), '1');
    // and what the browser brings back opens nothing
    const back = (await fetch(`${given.client.url}/rest${secret}`, { redirect: 'manual' })).headers.get('location') ?? '';
    const code = new URL(back).searchParams.get('code') ?? '';
    assert.notEqual((await given.rest('POST /v1/page-codes/consume', { code })).status, 200);
  });

  it('asks for a tap where the client opens no pages, if that is allowed', async () => {
    const given = await givenScript(undo, { mode: 'page-or-confirm' });
    const client = givenClient(undo, given, { IV_SSO: 'crtext' });
    assert.equal(await client.verify(), 2);
    await given.phone.answer((await given.shown()).nonce);
    assert.equal(await client.decided(), '1');
    const strict = await givenScript(undo, { mode: 'page' });
    assert.equal(await givenClient(undo, strict, { IV_SSO: 'crtext' }).verify(), 1);
  });

  it('takes the user from the certificate, if so set', async () => {
    const given = await givenScript(undo, { more: 'user = certificate' });
    const client = givenClient(undo, given, { user: 'bob', common_name: 'alice' });
    assert.equal(await client.verify(), 2);
    await given.phone.answer((await given.shown()).nonce);
    assert.equal(await client.decided(), '1');
  });

  it('takes the settings of its README', async () => {
    const given = await givenScript(undo);
    const [, shown = ''] = /```ini\n([\s\S]*?)```/.exec(readFileSync('deploy/openvpn/README.md', 'utf8')) ?? [];
    const ours = {
      'https://mfa.example.org/rest': `http://127.0.0.1:${given.proxy.port}/rest`,
      '/etc/openvpn/pushgate-verify.key': join(given.folder, 'key'),
      'https://vpn.example.org/done': returnUrl,
    };
    writeFileSync(
      given.settings,
      Object.entries(ours).reduce((text, [theirs, mine]) => text.replace(theirs, mine), shown),
    );
    const client = givenClient(undo, given, { IV_SSO: 'webauth', common_name: 'alice', user: 'bob' });
    assert.equal(await client.verify(), 2);
    assert.match(client.pending(), /WEB_AUTH::/);
  });

  const asked: [how: string, happens: (given: Given) => unknown][] = [
    ['the phone declines', async ({ phone, shown }) => phone.answer((await shown()).nonce, { decline: true })],
    ['the phone does not answer in time', ({ clock }) => clock.advance(seconds(46))],
    ['the gateway is cut off', ({ proxy }) => proxy.cut()],
    ['the process is stopped', ({ path }) => process.kill(processOf(path), 'SIGTERM')],
  ];
  for (const [how, happens] of asked)
    it(`writes 0 when ${how}`, async () => {
      const given = await givenScript(undo);
      const client = givenClient(undo, given);
      assert.equal(await client.verify(), 2);
      await given.shown();
      await happens(given);
      assert.equal(await client.decided(), '0');
    });

  it('does not make the control file anew when OpenVPN has given up', async () => {
    const given = await givenScript(undo);
    const client = givenClient(undo, given);
    await client.verify();
    const { nonce } = await given.shown();
    const background = processOf(given.path);
    rmSync(client.control);
    await given.phone.answer(nonce);
    await comesTrue(() => !isAlive(background));
    assert.ok(!existsSync(client.control));
  });

  const changed: [what: string, wish: Wish, variables: Record<string, string>][] = [
    ['a user without a phone', {}, { user: 'bob' }],
    ['a client without a name', {}, { user: '' }],
    ['a name that is none', {}, { user: `${'x'.repeat(5000)} \u202e` }],
    ['every client with a wrong key', { key: 'wrong' }, {}],
    ['every client without a gateway', { url: 'http://127.0.0.1:1/rest' }, {}],
  ];
  for (const [what, wish, variables] of changed)
    for (const mode of ['confirm', 'page'])
      it(`refuses ${what} (${mode})`, async () => {
        const client = givenClient(undo, await givenScript(undo, { mode, ...wish }), { IV_SSO: 'webauth', ...variables });
        if ((await client.verify()) === 2) assert.equal(await client.decided(), '0');
        assert.notEqual(client.verdict(), '1');
        assert.equal(client.pending(), '');
      });

  const broken: [what: string, wish: Wish, variables: Record<string, string>][] = [
    ['without a control file, as OpenVPN before 2.6', {}, { auth_control_file: '' }],
    ['with an unknown mode', { mode: 'presence' }, {}],
    ['with an unknown setting', { more: 'pin = 1234' }, {}],
    ['without a certificate that it needs', { more: 'user = certificate' }, { common_name: '' }],
    ['without the file for the page', { mode: 'page' }, { IV_SSO: 'webauth', auth_pending_file: '/none' }],
    ['with a return URL that is not registered', { mode: 'page', more: 'return_url = https://other.example/' }, { IV_SSO: 'webauth' }],
  ];
  for (const [what, wish, variables] of broken)
    it(`refuses at once ${what}`, async () => {
      assert.equal(await givenClient(undo, await givenScript(undo, wish), variables).verify(), 1);
    });
});

const haveOpenvpn = (): boolean =>
  haveProgram({
    name: 'OpenVPN',
    packages: ['openvpn'],
    unproved: 'pushgate-verify below a real OpenVPN server',
    isThere: () => existsSync('/usr/sbin/openvpn'),
  });

/** A real server with the lines of the README, and a client command for it; neither has a network device. */
async function givenServer(undo: Cleanup, { path, settings, folder }: Given) {
  const { authority, server, client } = await testAuthority();
  const port = String(await freePort());
  for (const [name, text] of Object.entries({ ca: authority.certificate, cert: server.certificate, key: server.key }))
    writeFileSync(join(folder, `server.${name}`), text, { mode: 0o600 });
  for (const [name, text] of Object.entries({ ca: authority.certificate, cert: client.certificate, key: client.key, up: 'alice\nx\n' }))
    writeFileSync(join(folder, `client.${name}`), text, { mode: 0o600 });
  const files = (who: string) => ['ca', 'cert', 'key'].flatMap((name) => [`--${name}`, join(folder, `${who}.${name}`)]);
  const [, lines = ''] = /## The server\n\n```text\n([\s\S]*?)```/.exec(readFileSync('deploy/openvpn/README.md', 'utf8')) ?? [];
  assert.ok(lines.includes('/usr/local/libexec/pushgate-verify'));
  writeFileSync(join(folder, 'server.conf'), lines.replace('/usr/local/libexec/pushgate-verify', `"${path} ${settings}"`));
  const openvpn = (...args: string[]) => startProgram(undo, '/usr/sbin/openvpn', ['--dev', 'null', '--proto', 'udp4', ...args], {});
  const running = openvpn(
    ...['--config', join(folder, 'server.conf'), '--dev-type', 'tun', '--mode', 'server', '--tls-server', '--dh', 'none'],
    ...['--local', '127.0.0.1', '--port', port, '--ifconfig-noexec', '--topology', 'subnet', '--ifconfig', '10.9.0.1', '255.255.255.0'],
    ...files('server'),
  );
  await lineWith(running, /Initialization Sequence Completed/);
  return () =>
    openvpn(
      ...['--client', '--nobind', '--remote', '127.0.0.1', port, '--auth-user-pass', join(folder, 'client.up')],
      ...['--push-peer-info', '--setenv', 'IV_SSO', 'webauth', '--verb', '4', ...files('client')],
    );
}

/** Resolves with the next line like this. */
async function lineWith(running: RunningScript, pattern: RegExp): Promise<string> {
  for (;;) {
    const line = await running.line();
    if (pattern.test(line)) return line;
  }
}

describe('pushgate-verify below a real OpenVPN server', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    if (!haveSystemPython() || !haveOpenvpn()) this.skip();
  });
  afterEach(() => undo.run());

  it('lets a client in whose user picks the number of the page', async () => {
    const given = await givenScript(undo, { mode: 'page' });
    const connect = await givenServer(undo, given);
    const client = connect();
    const [, secret] = /WEB_AUTH::https:\/\/mfa\.example\/rest(\/wait\/[\w/-]+)/.exec(await lineWith(client, /WEB_AUTH/)) ?? [];
    const page = await fetch(`${given.client.url}/rest${secret}`);
    const [, option = ''] = /class="number"[^>]*>(\w+)</.exec(await page.text()) ?? [];
    await given.phone.answer((await given.shown()).nonce, { option });
    await lineWith(client, /Initialization Sequence Completed/);
  });

  it('keeps a client out whose user declines', async () => {
    const given = await givenScript(undo);
    const connect = await givenServer(undo, given);
    const client = connect();
    await given.phone.answer((await given.shown()).nonce, { decline: true });
    await lineWith(client, /AUTH_FAILED/);
    await client.ended();
    assert.doesNotMatch(client.output(), /Initialization Sequence Completed/);
  });
});
