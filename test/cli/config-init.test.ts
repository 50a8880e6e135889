import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initOutput } from '../../src/cli/commands/config-init.ts';
import { pushgateAtTerminal } from '../kit/at-terminal.ts';
import { gatewayAt, pushgateAt } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate config init', function () {
  this.timeout(120_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenFolder = async () => {
    const folder = temporaryFolder(undo);
    const [listen, ops] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const addresses = ['--listen', listen, '--ops-listen', ops];
    return { folder, listen, ops, addresses, init: (...words: string[]) => pushgateAt({ cwd: folder }, 'config', 'init', ...words) };
  };

  it('writes a configuration, with its keyring, that lets a user log in', async () => {
    // given what the command writes, without a question
    const { folder, addresses, init } = await givenFolder();
    const { code, out, err } = await init('gate.json', ...addresses);
    assert.deepEqual([code, err], [0, '']);
    assert.match(
      out,
      /^gate\.json: .*\ndata\/keyring\.json: its keyring, new\. .*\n\nNext:\n {2}npx pushgate serve --config gate\.json\n$/,
    );
    // when the gateway starts with it, and alice enrols a phone and logs in
    const gateway = await gatewayAt({ cwd: folder }, '--config', 'gate.json');
    undo.later(() => gateway.end('SIGTERM'));
    const pushgate = (...words: string[]) => pushgateAt({ cwd: folder }, ...words);
    const made = await pushgate('tokens', 'init', '--user', 'alice', '--pin', '1234', '--qr', 'alice.png', '--config', 'gate.json');
    const enrolled = await pushgate('phone', 'enrol', '--qr', 'alice.png', '--phone', 'phone.json');
    const login = ['login', '--user', 'alice', '--pin', '1234', '--approve', '--phone', 'phone.json', '--config', 'gate.json'];
    const { code: loggedIn, out: said } = await pushgate(...login);
    // then she is in
    assert.deepEqual([made.code, enrolled.code, loggedIn], [0, 0, 0], made.err + enrolled.err + said);
    assert.match(said, /Login accepted/);
  });

  const servers: [serves: string, path: string, status: number][] = [
    ['edumfa', '/validate/polltransaction?transaction_id=1', 200],
    ['linotp', '/validate/check_status?transactionid=1', 200],
    ['challenge-service', '/v1/challenge', 405],
  ];
  for (const [serves, path, status] of servers)
    it(`writes one that starts as ${serves}`, async () => {
      const { folder, listen, ops, addresses, init } = await givenFolder();
      const { code, err } = await init('gate.json', '--serves', serves, ...addresses);
      assert.equal(code, 0, err);
      const gateway = await gatewayAt({ cwd: folder }, '--config', 'gate.json');
      undo.later(() => gateway.end('SIGTERM'));
      assert.equal((await fetch(`http://${ops}/livez`)).status, 200);
      assert.equal((await fetch(`http://${listen}${path}`)).status, status);
    });

  it('writes paths that count from the folder of the file, and keeps a keyring that is there', async () => {
    const { folder, init } = await givenFolder();
    await pushgateAt({ cwd: folder }, 'keyring', 'create', 'keys.json');
    const keys = readFileSync(join(folder, 'keys.json'), 'utf8');
    const { code, out } = await init('conf/gate.json', '--keyring', 'keys.json');
    assert.equal(code, 0);
    const { keyring, store } = JSON.parse(readFileSync(join(folder, 'conf/gate.json'), 'utf8'));
    assert.deepEqual([keyring, store.path], [{ $file: '../keys.json' }, '../data/pushgate.db']);
    assert.match(out, /keys\.json: its keyring, as it was/);
    assert.equal(readFileSync(join(folder, 'keys.json'), 'utf8'), keys);
  });

  it('prints what it wrote as data', async () => {
    const { init } = await givenFolder();
    const { out } = await init('gate.json', '--store', 'mongodb', '--mongodb-url-variable', 'GATE_DB', '--json');
    const expected = { file: 'gate.json', keyring: 'data/keyring.json', keyringIsNew: true, variable: 'GATE_DB' };
    assert.deepEqual(initOutput.schema.parse(JSON.parse(out)), expected);
  });

  it('takes a MongoDB whose variable is not set yet, and says so', async () => {
    const { init } = await givenFolder();
    const { code, out, err } = await init('gate.json', '--store', 'mongodb', '--mongodb-url-variable', 'GATE_DB');
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /Set the variable GATE_DB before the start\./);
  });

  const refused: [what: string, words: string[], code: number, sentence: RegExp][] = [
    ['a provider without its key', ['--provider', 'firebase'], 2, /--firebase-key is missing; it has no default/],
    ['an option of another provider', ['--apns-key', 'a.p8'], 2, /--apns-key belongs to --provider apns/],
    ['an address without a port', ['--listen', 'here'], 2, /--listen cannot be "here": expected host and port, such as 127\.0\.0\.1:8080/],
    [
      'a key file that is not there',
      ['--provider', 'firebase', '--firebase-key', 'no.json'],
      3,
      /providers\[0\]\.config\.service_account: .*no\.json cannot be read[\s\S]*nothing was written: these answers make no configuration that can be used\.\n$/,
    ],
    [
      'a network that is none',
      ['--auth-server-network', 'home'],
      3,
      /authServers\[0\]\.networks\[0\]: expected a network such as 10\.0\.0\.0\/8/,
    ],
  ];
  for (const [what, words, code, sentence] of refused)
    it(`refuses ${what}, and writes nothing`, async () => {
      const { folder, init } = await givenFolder();
      const refusal = await init('gate.json', ...words);
      assert.deepEqual([refusal.code, refusal.out], [code, '']);
      assert.match(refusal.err, sentence);
      assert.deepEqual(readdirSync(folder), []);
    });

  it('makes no keyring for a store that was sealed by another one', async () => {
    const { folder, init } = await givenFolder();
    writeFileSync(join(folder, 'old.db'), '');
    const { code, err } = await init('gate.json', '--store-path', 'old.db');
    assert.equal(code, 1);
    assert.match(
      err,
      /old\.db is there, but not its keyring data\/keyring\.json\. Put the keyring back, or name another file of the store\./,
    );
    assert.deepEqual(readdirSync(folder), ['old.db']);
  });

  it('overwrites nothing', async () => {
    const { folder, init } = await givenFolder();
    writeFileSync(join(folder, 'gate.json'), 'mine');
    const { code, err } = await init('gate.json');
    assert.equal(code, 1);
    assert.match(err, /gate\.json is there already, and nothing is overwritten/);
    assert.equal(readFileSync(join(folder, 'gate.json'), 'utf8'), 'mine');
    assert.ok(!existsSync(join(folder, 'data')));
  });

  describe('at a terminal', () => {
    before(function () {
      if (process.platform === 'linux' && (process.env.CI || !spawnSync('script', ['--version']).error)) return;
      process.stderr.write('skipped: there is no terminal for tests without `script` of util-linux\n');
      this.skip();
    });

    it('asks what no option says, and asks again where an answer cannot be used', async () => {
      // given all but the way to reach phones as options
      const { folder } = await givenFolder();
      const given = 'serves=linotp listen=127.0.0.1:1 ops-listen=127.0.0.1:2 phone-url=https://mfa.example.com realm=corp';
      const more = 'auth-server=vpn auth-server-network=10.0.0.0/8 store=embedded store-path=a.db keyring=k.json tls=';
      const options = `${given} ${more}`.split(' ').map((option) => `--${option}`);
      const terminal = pushgateAtTerminal(folder, 'config', 'init', 'gate.json', ...options);
      // when the user mistypes it, and then answers
      await terminal.shown('Way to reach phones');
      terminal.types('pigeon\r');
      await terminal.shown('expected one of poll-only');
      terminal.types('challenge-service\r');
      await terminal.shown('URL of the challenge service: ');
      terminal.types('https://cs.example/v1/challenge\r');
      // then it is written
      const { code, shown } = await terminal.ended();
      assert.equal(code, 0, shown);
      const { providers, policies } = JSON.parse(readFileSync(join(folder, 'gate.json'), 'utf8'));
      assert.deepEqual(providers, [
        { name: 'challenge-service', kind: 'challenge-service', default: true, config: { push_url: 'https://cs.example/v1/challenge' } },
      ]);
      assert.equal(policies[0].actions.pushtoken_pairing_callback_url, 'https://mfa.example.com/validate/pair');
    });

    for (const [key, name] of [
      ['\x03', 'Ctrl-C'],
      ['\x04', 'Ctrl-D'],
    ] as const)
      it(`leaves nothing after ${name}`, async () => {
        const { folder } = await givenFolder();
        const terminal = pushgateAtTerminal(folder, 'config', 'init', 'gate.json');
        await terminal.shown('Server that the gateway behaves as');
        terminal.types('\r');
        await terminal.shown('Address for auth servers and phones');
        terminal.types(key);
        const { code, shown } = await terminal.ended();
        assert.equal(code, 1, shown);
        assert.match(shown, /nothing was written: the questions were not answered to the end\./);
        assert.deepEqual(readdirSync(folder), []);
      });

    it('asks nothing with --yes', async () => {
      const { folder } = await givenFolder();
      const { code, shown } = await pushgateAtTerminal(folder, 'config', 'init', 'gate.json', '--yes').ended();
      assert.equal(code, 0, shown);
      assert.ok(existsSync(join(folder, 'gate.json')));
    });
  });
});
