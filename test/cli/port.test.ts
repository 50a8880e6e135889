import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayAt, pushgateAt } from '../kit/gateway-process.ts';
import { runCli } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('Another port for a first look', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenClone = () => {
    const cwd = temporaryFolder(undo);
    mkdirSync(join(cwd, 'config'));
    cpSync('config/default.json', join(cwd, 'config/default.json'));
    return cwd;
  };

  /** The words of the commands that a start prints, as a shell would read them. */
  const printedCommands = (banner: string) =>
    [...banner.matchAll(/^ {2}(?:PORT=(\d+) )?npx pushgate (.*)$/gm)].map(([, port, words = '']) => ({ port, words: words.split(' ') }));

  for (const [how, options] of [
    ['PORT', (port: string) => ({ variables: { PORT: port }, options: [] })],
    ['--port', (port: string) => ({ variables: { PORT: '' }, options: ['--port', port] })],
  ] as const) {
    it(`is chosen by ${how}, and the commands that the start prints end in an accepted login`, async () => {
      const cwd = givenClone();
      const port = String(await freePort());
      const { variables, options: words } = options(port);
      const gateway = await gatewayAt({ cwd, variables }, ...words);
      undo.later(() => gateway.end('SIGTERM'));
      const { out } = gateway.output();
      assert.ok(out.includes(`listens on http://127.0.0.1:${port} with config/default.json`), out);
      const commands = printedCommands(out);
      assert.deepEqual(
        commands.map((command) => command.port),
        [port, undefined, port],
      );
      let last = '';
      for (const { port: before, words } of commands) {
        const ended = await pushgateAt({ cwd, variables: { PORT: before ?? '' } }, ...words);
        assert.equal(ended.code, 0, ended.err);
        last = ended.out;
      }
      assert.match(last, /Login accepted\./);
    });
  }

  const given = (over: object, address = '127.0.0.1:8080') => {
    const file = join(temporaryFolder(undo), 'config.json');
    writeFileSync(file, configText(over, address));
    return file;
  };

  const followed: [what: string, address: string, port: number, urls: [before: string, after: string][]][] = [
    ['from the usual port', '127.0.0.1:80', 9000, [['http://127.0.0.1/ttype/push', 'http://127.0.0.1:9000/ttype/push']]],
    ['to the usual port', '127.0.0.1:8080', 80, [['http://127.0.0.1:8080/ttype/push', 'http://127.0.0.1/ttype/push']]],
    [
      'of a listener on every address',
      '0.0.0.0:8080',
      9000,
      [
        ['http://127.0.0.1:8080/ttype/push', 'http://127.0.0.1:9000/ttype/push'],
        ['http://mfa.example:8080/ttype/push', 'http://mfa.example:8080/ttype/push'],
      ],
    ],
    ['of a listener on one address', '192.0.2.1:8080', 9000, [['http://127.0.0.1:8080/ttype/push', 'http://127.0.0.1:8080/ttype/push']]],
  ];
  for (const [what, address, port, urls] of followed) {
    it(`takes URLs along ${what}`, async () => {
      const policies = urls.map(([push_registration_url], index) => ({
        name: `rule ${index}`,
        scope: 'enrollment',
        actions: { push_registration_url },
      }));
      const loaded = await loadConfig(given({ more: { policies } }, address), {}, port);
      assert.ok(loaded.ok, JSON.stringify(loaded));
      assert.deepEqual(
        loaded.value.config.policies.map(({ actions }) => actions.push_registration_url),
        urls.map(([, after]) => after),
      );
    });
  }

  it('moves the first listener alone, and the URLs that lead to it', async () => {
    const urls = ['http://127.0.0.1:808/ttype/push', 'http://127.0.0.1:8080/ttype/push', 'https://127.0.0.1:808/ttype/push'];
    const policies = urls.map((push_registration_url, index) => ({
      name: `rule ${index}`,
      scope: 'enrollment',
      actions: { push_registration_url },
    }));
    const mounts = [{ path: '/', serves: 'privacyidea' }];
    const listeners = ['127.0.0.1:808', '127.0.0.1:809'].map((address) => ({ address, mounts }));
    const loaded = await loadConfig(given({ policies, more: { listeners, policies } }), {}, 9000);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    const { config } = loaded.value;
    assert.deepEqual(
      config.listeners.map(({ address }) => address),
      ['127.0.0.1:9000', '127.0.0.1:809'],
    );
    assert.deepEqual(
      config.policies.map(({ actions }) => actions.push_registration_url),
      ['http://127.0.0.1:9000/ttype/push', ...urls.slice(1)],
    );
  });

  it('says what else to do where the configuration is not the default one, which PORT leaves alone', async () => {
    const [port, other] = [await freePort(), await freePort()];
    const file = given({}, `127.0.0.1:${port}`);
    const stays = await gatewayAt({ variables: { PORT: String(other) } }, '--config', file);
    await stays.end('SIGTERM');
    assert.ok(stays.output().out.includes(`http://127.0.0.1:${port} `), stays.output().out);
    const moved = await gatewayAt({}, '--config', file, '--port', String(other));
    await moved.end('SIGTERM');
    assert.ok(moved.output().out.includes(`http://127.0.0.1:${other} `));
    assert.match(moved.output().out, new RegExp(`look for the gateway where .*config\\.json says: write port ${other} there`));
  });

  it('is refused when it is none', async () => {
    for (const port of ['0', '65536', 'http', '80.5', '']) {
      const { code, err } = await runCli(['serve', '--config', given({}), '--port', port]);
      assert.deepEqual([code, err], [2, `pushgate: --port takes a number from 1 to 65535, not "${port}".\n`]);
    }
    const { code, err } = await pushgateAt({ cwd: givenClone(), variables: { PORT: 'tcp://10.0.0.1:80' } }, 'tokens', 'list');
    assert.deepEqual([code, err], [2, 'pushgate: the variable PORT takes a number from 1 to 65535, not "tcp://10.0.0.1:80".\n']);
  });

  it('leaves what is no configuration to its checks', async () => {
    for (const text of ['{', '[]', '{"listeners":{}}', '{"listeners":[5]}', '{"listeners":[{"address":"8080"}]}']) {
      const file = join(temporaryFolder(undo), 'config.json');
      writeFileSync(file, text);
      assert.deepEqual(await loadConfig(file, {}, 9000), await loadConfig(file, {}));
    }
  });
});
