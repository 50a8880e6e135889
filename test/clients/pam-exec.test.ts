import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { givenRest, keys } from '../edge/dialects/rest/given.ts';
import { seconds } from '../kit/clock.ts';
import { haveProgram } from '../kit/debian.ts';
import { freePort } from '../kit/ports.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { haveSystemPython, installScript, processOf, startProgram } from './login-script.ts';

const source = 'deploy/pam_exec/pushgate-login';
const sudo = { PAM_TYPE: 'auth', PAM_SERVICE: 'sudo', PAM_USER: 'alice', PAM_RHOST: '', PAM_TTY: '/dev/pts/3' };
const ssh = { PAM_TYPE: 'auth', PAM_SERVICE: 'sshd', PAM_USER: 'alice', PAM_RHOST: '192.0.2.7', PAM_TTY: 'ssh' };

/** A gateway, alice's phone, and the script with its settings. */
async function givenLogin(undo: Cleanup, { key, url, more = '' }: { key?: string; url?: string; more?: string } = {}) {
  const world = await givenRest(undo);
  const phone = await world.phoneOf('alice');
  const shown = async () => (await phone.poll()).body.result.value.at(-1);
  const proxy = await tcpProxy(undo, Number(new URL(world.client.url).port));
  const settings = `url = ${url ?? `http://127.0.0.1:${proxy.port}/rest`}\nmode = presence\n${more}\n[sshd]\nmode = confirm`;
  const script = installScript(undo, source, settings, key === undefined ? {} : { key });
  return {
    ...world,
    ...script,
    phone,
    proxy,
    shown,
    /** The same, as soon as there is something. */
    asked: async () => {
      for (;;) {
        const newest = await shown();
        if (newest) return newest;
      }
    },
    picks: async (option: string) => phone.answer((await shown()).nonce, { option }),
    login: (environment: Record<string, string> = sudo) => script.start(environment, script.settings),
  };
}

type Given = Awaited<ReturnType<typeof givenLogin>>;

const numberIn = (line: string): string => /^Pick (\w+) on your phone\.$/.exec(line)?.[1] ?? assert.fail(line);

describe('pushgate-login, which pam_exec starts', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    if (!haveSystemPython()) this.skip();
  });
  afterEach(() => undo.run());

  it('shows the number and lets the user in who picks it', async () => {
    const { login, picks, shown } = await givenLogin(undo);
    const running = login();
    const number = numberIn(await running.line());
    assert.match((await shown()).question, /^Log in: sudo\?\nFrom: \/dev\/pts\/3$/);
    await picks(number);
    assert.equal(await running.ended(), 0);
    assert.equal(running.output(), `Pick ${number} on your phone.\n`);
  });

  it('takes the settings of the PAM service where there are some', async () => {
    const { login, phone, shown } = await givenLogin(undo);
    const running = login(ssh);
    assert.equal(await running.line(), 'Confirm on your phone.');
    const { nonce, question } = await shown();
    assert.match(question, /^Log in: sshd\?\nFrom: 192\.0\.2\.7$/);
    await phone.answer(nonce);
    assert.equal(await running.ended(), 0);
  });

  it('takes the settings of its README', async () => {
    const { settings, folder, proxy, login } = await givenLogin(undo);
    const [, shown = ''] = /```ini\n([\s\S]*?)```/.exec(readFileSync('deploy/pam_exec/README.md', 'utf8')) ?? [];
    const ours = { 'https://mfa.example.org/rest': `http://127.0.0.1:${proxy.port}/rest`, '/etc/pushgate-login.key': join(folder, 'key') };
    writeFileSync(
      settings,
      Object.entries(ours).reduce((text, [theirs, mine]) => text.replace(theirs, mine), shown),
    );
    numberIn(await login().line());
    assert.equal(await login(ssh).line(), 'Confirm on your phone.');
  });

  it('tells no secret to those who list processes', async () => {
    const { login } = await givenLogin(undo);
    const running = login();
    await running.line();
    for (const file of ['cmdline', 'environ']) assert.ok(!readFileSync(`/proc/${running.pid}/${file}`, 'utf8').includes(keys.shop), file);
  });

  it('takes nothing else from the environment, which the user may control', async () => {
    // given variables that lead Python or its HTTP client elsewhere
    const { login, picks } = await givenLogin(undo);
    const hostile = temporaryFolder(undo);
    for (const name of ['pushgate', 'pushgate_login', 'ssl', 'sitecustomize'])
      writeFileSync(join(hostile, `${name}.py`), 'import os; os._exit(0)');
    const proxy = `http://127.0.0.1:${await freePort()}`;
    const running = login({ ...sudo, PYTHONPATH: hostile, http_proxy: proxy, HTTP_PROXY: proxy, all_proxy: proxy, HOME: hostile });
    // then it asks the gateway all the same
    await picks(numberIn(await running.line()));
    assert.equal(await running.ended(), 0);
  });

  const asked: [how: string, happens: (given: Given, number: string) => Promise<unknown>][] = [
    ['the phone declines', async ({ phone, shown }) => phone.answer((await shown()).nonce, { decline: true })],
    ['the user picks wrong numbers', async ({ picks }) => (await picks('x')) && picks('y')],
    ['the phone does not answer in time', async ({ clock }) => clock.advance(seconds(46))],
    ['the gateway is cut off', async ({ proxy }) => proxy.cut()],
  ];
  for (const [how, happens] of asked)
    it(`refuses when ${how}`, async () => {
      const given = await givenLogin(undo);
      const running = given.login();
      const line = await running.line();
      await happens(given, numberIn(line));
      assert.equal(await running.ended(), 1);
      assert.equal(running.output(), `${line}\nNot confirmed.\n`);
    });

  const changed: [what: string, environment: Record<string, string>][] = [
    ['a user without a phone', { ...sudo, PAM_USER: 'bob' }],
    ['a user without a name', { ...sudo, PAM_USER: '' }],
    ['a user of a realm that this auth server may not ask for', { ...sudo, PAM_USER: 'alice@guests' }],
    ['a name that is none', { ...sudo, PAM_USER: `${'x'.repeat(5000)}\n"} \u202e` }],
    ['another type of line', { ...sudo, PAM_TYPE: 'account' }],
    ['no environment', {}],
  ];
  for (const [what, environment] of changed)
    it(`refuses ${what}, and does not say why`, async () => {
      const running = (await givenLogin(undo)).login(environment);
      assert.equal(await running.ended(), 1);
      assert.equal(running.output(), 'Not confirmed.\n');
    });

  const odd: [what: string, user: string][] = [
    ['a name that is no UTF-8', String.raw`PAM_USER=\xff\xfe`],
    ['a user who brings a second name', String.raw`PAM_USER=alice\0PAM_USER=bob`],
  ];
  for (const [what, user] of odd)
    it(`refuses ${what}`, async () => {
      // given an environment that only execve itself can make
      const { path, settings } = await givenLogin(undo);
      const script = `
import ctypes, sys
items = b"PAM_TYPE=auth\\0PAM_SERVICE=sudo\\0${user}".split(b"\\0")
array = lambda values: (ctypes.c_char_p * (len(values) + 1))(*values, None)
ctypes.CDLL(None).execve(sys.argv[1].encode(), array([each.encode() for each in sys.argv[1:]]), array(items))
`;
      const running = startProgram(undo, '/usr/bin/python3', ['-c', script, path, settings], {});
      assert.deepEqual([await running.ended(), running.output()], [1, 'Not confirmed.\n']);
    });

  const wrong: [what: string, wish: Parameters<typeof givenLogin>[1], change?: (given: Given) => unknown][] = [
    ['with a wrong key', { key: 'wrong' }],
    ['with a key that is no word', { key: `${keys.shop}\nx-other: header` }],
    ['with an unknown setting', { more: 'moed = confirm' }],
    ['with a wait that is none', { more: 'wait = soon' }],
    ['over plain HTTP to another machine', { url: 'http://mfa.example.org/rest' }],
    ['with a key that all users may read', {}, ({ folder }) => chmodSync(join(folder, 'key'), 0o644)],
    ['without its settings', {}, ({ settings }) => rmSync(settings)],
    ['without a gateway', { url: 'http://127.0.0.1:1/rest' }],
  ];
  for (const [what, wish, change] of wrong)
    it(`refuses ${what}`, async () => {
      const given = await givenLogin(undo, wish);
      change?.(given);
      const running = given.login();
      assert.equal(await running.ended(), 1);
      assert.equal(running.output(), 'Not confirmed.\n');
    });

  it('refuses when something else answers', async () => {
    const other = createServer((_, reply) => void reply.end('{"id": 1, "status": "accepted"}'));
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    undo.later(() => void other.close());
    const { login } = await givenLogin(undo, { url: `http://127.0.0.1:${(other.address() as AddressInfo).port}/rest` });
    assert.equal(await login().ended(), 1);
  });
});

const havePamtester = (): boolean =>
  haveProgram({
    name: 'pamtester',
    packages: ['pamtester', 'libpam-modules'],
    unproved: 'pushgate-login below the real pam_exec',
    isThere: () => existsSync('/usr/bin/pamtester'),
  });

/** The lines for PAM under a heading of the README, for a script that stands elsewhere. `changes`: what is put in place of their words. */
function linesOf(heading: string, changes: Record<string, string>): string {
  const section = readFileSync('deploy/pam_exec/README.md', 'utf8').split(`\n## ${heading}\n`)[1] ?? '';
  const [, lines] = /```text\n([\s\S]*?)```/.exec(section) ?? assert.fail(`no lines for ${heading}`);
  return Object.entries(changes).reduce((text, [here, ours]) => {
    assert.ok(text.includes(here), `${heading}: ${here}`);
    return text.replaceAll(here, ours);
  }, lines ?? '');
}

describe('pushgate-login below the real pam_exec', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    if (!haveSystemPython() || process.getuid?.() !== 0 || !havePamtester()) this.skip();
  });
  afterEach(() => undo.run());

  const service = `pushgate-test-${process.pid}`;

  /** A PAM service with these lines for a moment; `caller` is a command that starts another as another user. */
  function authenticate(lines: string, user: string, { input = '', caller = [] }: { input?: string; caller?: string[] } = {}) {
    writeFileSync(`/etc/pam.d/${service}`, lines);
    undo.later(() => rmSync(`/etc/pam.d/${service}`, { force: true }));
    // pamtester would keep its output until it ends.
    const command = ['-oL', ...caller, 'pamtester', '-I', 'rhost=192.0.2.7', service, user, 'authenticate'];
    return startProgram(undo, '/usr/bin/stdbuf', command, {}, input);
  }

  const ours = ({ path, settings }: Given) => ({
    '@include common-auth': 'auth required pam_permit.so',
    '/usr/local/libexec/pushgate-login': `${path} ${settings}`,
  });

  for (const heading of ['sudo', 'sshd'])
    it(`works with the lines for ${heading}: in after the phone, out without`, async () => {
      const given = await givenLogin(undo);
      const running = authenticate(linesOf(heading, ours(given)), 'alice');
      await given.picks(numberIn(await running.line()));
      assert.equal(await running.ended(), 0, running.output());
      assert.match(running.output(), /successfully authenticated/);
      const next = authenticate(linesOf(heading, ours(given)), 'bob');
      assert.equal(await next.ended(), 1, next.output());
      assert.match(next.output(), /^Not confirmed\./);
    });

  it('spares the emergency group when there is no gateway', async () => {
    const given = await givenLogin(undo, { url: 'http://127.0.0.1:1/rest' });
    const lines = linesOf('sudo', { ...ours(given), breakglass: 'root' });
    assert.equal(await authenticate(lines, 'root').ended(), 0);
    assert.equal(await authenticate(lines, 'alice').ended(), 1);
  });

  it('is not in the hands of the user who calls su', async () => {
    // given a program of root that a user has started
    const given = await givenLogin(undo, { more: `[${service}]\nmode = confirm` });
    const caller = ['setpriv', '--ruid', '65534', '--euid', '0', '--clear-groups'];
    const running = authenticate(linesOf('sudo', ours(given)), 'alice', { caller });
    // then the script belongs to root alone, and lets alice in by her phone
    const { nonce } = await given.asked();
    assert.match(readFileSync(`/proc/${processOf(given.path)}/status`, 'utf8'), /^Uid:\t0\t0\t0\t0$/m);
    await given.phone.answer(nonce);
    assert.equal(await running.ended(), 0, running.output());
  });

  it('has no use for the password, but may get it', async () => {
    const given = await givenLogin(undo);
    const lines = `auth required pam_exec.so expose_authtok quiet stdout ${given.path} ${given.settings}\n`;
    const running = authenticate(lines, 'alice', { input: 'a password\n' });
    const line = (await running.line()).replace('Password: ', '');
    await given.picks(numberIn(line));
    assert.equal(await running.ended(), 0, running.output());
  });
});
