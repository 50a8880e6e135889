import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exitCodes, type Failure } from '../../src/cli/exit-codes.ts';
import { runCommand } from '../../src/cli/index.ts';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { configText } from '../kit/gateway.ts';
import { runCli, silentTerminal } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The exit codes of the commands', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A configuration with a keyring, whose gateway does not run. */
  const given = async (port = 0): Promise<{ folder: string; file: string }> => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({}, `127.0.0.1:${port === 0 ? await freePort() : port}`));
    createKeyringFile(join(folder, 'keyring.json'), 0);
    return { folder, file };
  };

  const rows: readonly (readonly [string, Failure, RegExp])[] = [
    ['nope', 'usage', /unknown command 'nope'/],
    ['tokens nope', 'usage', /unknown command 'nope'.*npx pushgate tokens --help/],
    ['tokens list --usr alice', 'usage', /unknown option '--usr' \(Did you mean --user\?\).*npx pushgate tokens list --help/],
    ['tokens delete', 'usage', /missing required argument 'serial'/],
    ['tokens delete A B', 'usage', /too many arguments/],
    ['tokens list --user', 'usage', /argument missing/],
    ['tokens init --type smoke', 'usage', /Allowed choices are push, edupush/],
    ['providers send-test cs', 'usage', /required option '-s, --serial <serial>' not specified/],
    ['callers api-key a --auth-server local --days soon', 'usage', /--days takes a number from 1 to 3650, not "soon"/],
    ['callers api-key a --auth-server nobody --config FILE', 'usage', /there is no auth server "nobody"/],
    ['login --user a --wait soon', 'usage', /--wait takes a number of seconds, not "soon"/],
    ['fakes --port none', 'usage', /--port takes a number from 0 to 65530/],
    ['serve --port none', 'usage', /--port takes a number from 1 to 65535/],
    ['policy explain --at never --config FILE', 'usage', /--at never is no time/],
    ['help nonsense', 'usage', /there is no command "nonsense"/],
    ['tokens list --config nowhere.json', 'config', /nowhere\.json cannot be used/],
    ['accounts list --config FILE', 'unavailable', /there is no store .*pushgate\.db yet/],
    ['tokens list --config FILE', 'unavailable', /the gateway at http:\/\/\S+ does not answer/],
    ['keyring create FILE/keyring.json', 'config', /Cannot create the keyring/],
    ['certs --out FILE/certs', 'failed', /cannot write \S+config\.json/],
    ['phone list --phone FILE', 'failed', /the virtual phone refuses/],
  ];
  for (const [line, failure, sentence] of rows)
    it(`are ${exitCodes[failure].code} (${failure}) and one sentence for: ${line}`, async () => {
      const { file } = await given();
      const { code, out, err } = await runCli(line.split(' ').map((word) => word.replace('FILE', file)));
      assert.deepEqual([code, out], [exitCodes[failure].code, ''], err);
      const [last = ''] = err.trimEnd().split('\n').slice(-1);
      assert.match(last, /^pushgate: /);
      assert.match(last, sentence);
      assert.doesNotMatch(err, /^ +at /m);
    });

  it('are 4 where something else listens in the place of the gateway', async () => {
    // given a web server of somebody else
    const server = createServer((_, reply) => reply.end('<h1>hello</h1>')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.later(() => server.close());
    const { file } = await given((server.address() as AddressInfo).port);
    for (const words of [
      ['providers', 'list'],
      ['tokens', 'list'],
    ]) {
      const { code, err } = await runCli([...words, '--config', file]);
      assert.equal(code, exitCodes.unavailable.code);
      assert.match(err, /^pushgate: what answers at http:\/\/\S+ is not a pushgate\.[^\n]*\n$/);
    }
  });

  it('are 70 with the place in the program for a defect, and only then', async () => {
    const lines: string[] = [];
    const broken = {
      ...silentTerminal,
      out: () => {
        throw new TypeError('it broke');
      },
      err: (line: string) => void lines.push(line),
    };
    assert.equal(await runCommand(['help', 'exit-codes'], broken), exitCodes.defect.code);
    assert.match(lines.join('\n'), /^pushgate: this is a defect[^\n]*\nTypeError: it broke\n +at /);
  });

  it('are all different, and printed as one table', async () => {
    const codes = Object.values(exitCodes).map(({ code }) => code);
    assert.equal(new Set(codes).size, codes.length);
    const { out } = await runCli(['help', 'exit-codes']);
    const printed = out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      printed,
      Object.entries(exitCodes).map(([name, { code, meaning }]) => [String(code), name, meaning]),
    );
  });
});

describe('PUSHGATE_CONFIG', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('names the configuration where no --config does', async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    writeFileSync(file, configText({}));
    const environment = { PUSHGATE_CONFIG: file };
    assert.match((await runCli(['check-config'], '', environment)).out, new RegExp(`^${file} is fine\\.$`, 'm'));
    assert.equal((await runCli(['policy', 'explain', '--user', 'alice'], '', environment)).code, 0);
    const other = await runCli(['policy', 'explain', '--config', 'nowhere.json'], '', environment);
    assert.match(other.err, /nowhere\.json cannot be used/);
  });
});
