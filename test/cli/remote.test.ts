import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { givenGateway } from '../kit/gateway.ts';
import { type Ended, pushgateAt } from '../kit/gateway-process.ts';
import { runCli } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** A URL at which something answers every request with this, and what it was sent. */
async function givenServer(undo: ReturnType<typeof cleanup>, status: number, body: string) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
  undo.later(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen };
}

describe('Commands from another machine', function () {
  this.timeout(120_000);
  const undo = cleanup();
  after(() => undo.run());

  // A folder without a configuration, a store or a keyring: nothing but the URL and a token.
  let folder = '';
  let variables: Record<string, string> = {};
  let [serial, free, transaction] = ['SERIAL', 'FREE', 'ID'];
  const run = (words: string): Promise<Ended> => pushgateAt({ cwd: folder, variables }, ...words.split(' '));

  before(async () => {
    const { gateway, client, admin, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    serial = phone.serial;
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1' }, admin);
    free = body.detail.serial;
    transaction = (await challenge('alice', phone)).id;
    folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'password'), `${gateway.firstPassword}\n`);
    writeFileSync(join(folder, 'pin'), '4711\n');
    writeFileSync(join(folder, 'token'), 'an old one', { mode: 0o644 });
    variables = { PUSHGATE_SERVER: client.url };
  });

  it('begin with a login, whose token is kept in a file that nobody else can read', async () => {
    const printed = await run('accounts login admin --password-file password');
    assert.match(printed.out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/, printed.err);
    const kept = await run('accounts login admin --password-file password --token-file token');
    assert.match(kept.out, /^admin is logged in until 20\S+Z; the token is in token\.\n$/, kept.err);
    assert.equal(statSync(join(folder, 'token')).mode & 0o777, 0o600);
    assert.match(readFileSync(join(folder, 'token'), 'utf8'), /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    variables = { ...variables, PUSHGATE_TOKEN_FILE: 'token' };
  });

  const rows: { words: () => string; says: RegExp }[] = [
    { words: () => 'tokens list --user alice', says: /^SERIAL.*\nPIPU\S+ +alice +corp +enrolled +enabled +0\n$/ },
    { words: () => `tokens show ${serial}`, says: /enabled\nowner +alice@corp\n[\s\S]*PIN +set\n[\s\S]*\nADDRESS/ },
    { words: () => `tokens assign ${free} bob --pin-file pin`, says: / is assigned to bob\.\n$/ },
    { words: () => `tokens show ${free} --json`, says: /"user": "bob",\n[\s\S]*"hasPin": true/ },
    { words: () => `tokens unassign ${free}`, says: / is unassigned\.\n$/ },
    { words: () => `tokens setpin ${serial} --pin-file pin`, says: / is given its new PIN\.\n$/ },
    { words: () => `tokens disable ${serial}`, says: / is disabled\.\n$/ },
    { words: () => `tokens enable ${serial} --json`, says: /^\{\n {2}"serial": "PIPU\w+",\n {2}"done": "enabled"\n\}\n$/ },
    { words: () => `tokens reset ${serial}`, says: / is reset\.\n$/ },
    { words: () => `tokens address list ${serial}`, says: /./ },
    { words: () => 'tokens init --user carol', says: /^otpauth:\/\/pipush\/\S+\n$/ },
    { words: () => `tokens delete ${free}`, says: / is deleted\.\n$/ },
    {
      words: () => 'transactions list --user alice --state pending',
      says: /^TIME.*\n20\S+ +pending +alice +corp +local +PIPU\S+ +\d{20}\n$/,
    },
    { words: () => `transactions show ${transaction}`, says: /^login \d{20}: pending\nuser +alice@corp\n[\s\S]*PROVIDER/ },
    { words: () => 'stats', says: /^PUSH_TOKENS.*\n[\s\S]*Logins that wait for a phone now: 1\nLast hour: 1 logins started/ },
    { words: () => 'stats --json', says: /"lastHour": \{\n {4}"loginsStarted": 1,/ },
    { words: () => 'limits list', says: /./ },
    { words: () => 'people list', says: /./ },
    { words: () => 'providers list', says: /poll/ },
    { words: () => 'policy explain --user alice --realm corp --mount /', says: /^matches {3}enrol\n[\s\S]*Plan, by the default provider/ },
    { words: () => 'doctor', says: /^fine {5}gateway, store: takes a write\n/ },
    { words: () => 'accounts list', says: /admin/ },
    {
      words: () => `audit list --kind token-administered --serial ${serial} --limit 1`,
      says: /\n20\S+ +token-administered +reset +alice +corp +admin /,
    },
  ];
  for (const { words, says } of rows)
    it(`work: ${words()}`, async () => {
      const { code, out, err } = await run(words());
      assert.equal(code, 0, err);
      assert.match(out, says);
    });

  it('end with a logout', async () => {
    assert.match((await run('accounts logout')).out, /^The token of admin is worth nothing any more\.\n$/);
    const { code, err } = await run('tokens list');
    assert.deepEqual([code, err], [5, 'pushgate: the gateway refuses: The token has expired or is not from this gateway. Log in again.\n']);
  });

  it('take a configuration that the command line names before the variables', async () => {
    const { code, err } = await run('tokens list --config here.json');
    assert.equal(code, 3);
    assert.match(err, /here\.json/);
  });
});

describe('A gateway on another machine that is not one', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const token = ['--token', 'x.y.z'];

  it('is told in one sentence', async () => {
    const [page, gone] = [await givenServer(undo, 200, '<html>'), await givenServer(undo, 404, 'not found')];
    const json = await givenServer(undo, 200, '{"hello":"world"}');
    const silent = `http://127.0.0.1:${await freePort()}`;
    for (const [words, server, code, sentence] of [
      ['tokens list', page.url, 4, /is not a pushgate/],
      ['limits clear PIPU1', page.url, 4, /is not a pushgate/],
      ['tokens list', gone.url, 4, /is not a pushgate/],
      ['tokens init', page.url, 4, /is not a pushgate/],
      ['stats', json.url, 4, /replied something else/],
      ['stats', silent, 4, /does not answer \(connection\)\. Is the URL right/],
      ['tokens init', silent, 4, /does not answer \(connection\)\. Is the URL right/],
    ] as const) {
      const { err, code: ended } = await runCli([...words.split(' '), '--server', server, ...token]);
      assert.match(err, /^pushgate: [^\n]+\n$/, words);
      assert.match(err, sentence, words);
      assert.equal(ended, code, `${words}: ${err}`);
    }
  });

  it('is told apart from a mount of a gateway that serves something else', async () => {
    const mounts = [
      { path: '/pi', serves: 'privacyidea' },
      { path: '/gw', serves: 'ops' },
      { path: '/', serves: 'privacyidea', flavour: 'edumfa' },
    ];
    const { client, admin } = await givenGateway(undo, { mounts });
    const own = ['--token', Object.values(admin)[0] ?? ''];
    const at = (path: string, ...words: string[]) => runCli([...words, '--server', `${client.url}${path}`, ...own]);
    assert.deepEqual([(await at('/gw/', 'tokens', 'list')).code, (await at('/pi', 'tokens', 'init')).code], [0, 0]);
    for (const [path, words, wanted] of [
      ['/pi', 'tokens list', 'ops'],
      ['/gw', 'tokens init', 'privacyidea'],
    ] as const) {
      const { code, err } = await at(path, ...words.split(' '));
      assert.equal(code, 4, err);
      assert.match(err, new RegExp(`/(pi|gw) is not a pushgate\\. Is it the URL of a mount that serves ${wanted}\\?\n$`));
    }
  });

  it('is sent nothing where the command line is wrong', async () => {
    const { url, seen } = await givenServer(undo, 200, '{}');
    const folder = temporaryFolder(undo);
    const [none, bad] = [join(folder, 'none'), join(folder, 'bad')];
    writeFileSync(bad, 'two words\n');
    for (const [words, sentence] of [
      [['--server', 'gateway:8443', ...token], /takes a URL/],
      [['--server', 'ftp://gateway', ...token], /takes a URL/],
      [['--server', 'https://user:secret@gateway', ...token], /takes a URL/],
      [['--server', url], /a token of an administrator is missing/],
      [['--server', url, ...token, '--token-file', bad], /either --token or --token-file/],
      [['--server', url, '--token-file', none], /cannot read/],
      [['--server', url, '--token-file', bad], /is not a token/],
      [['--server', url, '--token', 'a\r\nb: c'], /is not a token/],
      [['--server', url, ...token, '--config', 'x.json'], /either --server or --config/],
      [token, /goes with --server/],
    ] as const) {
      const { code, err } = await runCli(['tokens', 'list', ...words]);
      assert.match(err, sentence);
      assert.deepEqual([code, err.split('\n').length], [2, 2], err);
    }
    assert.deepEqual(seen, []);
  });

  it('is told apart where the network could read the token', async () => {
    const { err } = await runCli(['tokens', 'list', '--server', 'http://gateway.invalid', '--token-file', '/nonexistent']);
    assert.match(err, /^warning: http:\/\/gateway\.invalid is not encrypted/);
  });

  it('is nothing for commands that work with the store or the keyring', async () => {
    for (const words of ['keyring verify', 'store copy a b', 'callers api-key k -s local', 'log-name alice', 'serve', 'check-config']) {
      const refused = await runCli([...words.split(' '), '--server', 'https://gateway']);
      assert.equal(refused.code, 2, `${words}: ${refused.err}`);
      assert.match(refused.err, /^pushgate: [^\n]+\n$/, words);
    }
    const { err } = await runCli(['keyring', 'verify', '--server', 'https://gateway']);
    assert.match(err, /^pushgate: keyring works with .* so it takes no --server\. Run it on the gateway's machine\.\n$/);
  });
});
