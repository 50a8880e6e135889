import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { commandCopy, pretending } from '../kit/command-copy.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

type Variables = Record<string, string | undefined>;

/** The settings of the image: what every other way to start shall have, too. */
const wanted: Variables = Object.fromEntries(
  [...readFileSync('Dockerfile', 'utf8').matchAll(/(MALLOC_\w+)=(\d+)/g)].map(([, name = '', value]) => [name, value]),
);
const settingsIn = (environment: string): Variables =>
  Object.fromEntries(
    environment
      .split('\0')
      .filter((line) => line.startsWith('MALLOC_'))
      .map((line) => line.split('=')),
  );
const without = (more: Variables): NodeJS.ProcessEnv =>
  Object.fromEntries([...Object.entries(process.env).filter(([name]) => !name.startsWith('MALLOC_')), ...Object.entries(more)]);

/** What glibc read is what the process began with: not what it sets in itself later, which this file does not show. */
const tells =
  'process.stdout.write(readFileSync("/proc/self/environ", "utf8") + "\\0END\\0" + process.pid + " " + process.argv.slice(2).join(" "));';
const program = `import { readFileSync } from 'node:fs';\n${tells}`;
const clustered = `import cluster from 'node:cluster';\nimport { readFileSync } from 'node:fs';\nif (cluster.isPrimary) cluster.fork(); else { ${tells} process.disconnect(); }`;

describe('The memory of a gateway outside the image', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  const started = async (given: { command: string }, words: string[], { more = {}, version = '24.21.0' } = {}) => {
    const options = { env: without(more), stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
    const child = spawn(process.execPath, [...pretending(version), given.command, ...words], options);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [environment = '', last = ''] = out.split('\0END\0');
    return { settings: settingsIn(environment), isSame: last.startsWith(`${child.pid} `), words: last.replace(/^\d+ /, ''), err };
  };

  it('is given back as in the image, by the same process, with the same words and no warning', async () => {
    assert.equal(Object.keys(wanted).length, 2);
    const serve = await started(commandCopy(undo, program), ['serve', '--config', 'a b']);
    assert.deepEqual(serve, { settings: wanted, isSame: true, words: 'serve --config a b', err: '' });
  });

  it('is what the operator says where that is said', async () => {
    const all = { MALLOC_TRIM_THRESHOLD_: '1', MALLOC_ARENA_MAX: '8' };
    for (const more of [{ MALLOC_ARENA_MAX: '8' }, { MALLOC_ARENA_MAX: '' }, all])
      assert.deepEqual((await started(commandCopy(undo, program), ['serve'], { more })).settings, { ...wanted, ...more });
  });

  it('is no matter for commands that end at once', async () => {
    assert.deepEqual((await started(commandCopy(undo, program), ['tokens', 'list'])).settings, {});
  });

  it('is given back by every worker', async () => {
    assert.deepEqual((await started(commandCopy(undo, clustered), ['serve'])).settings, wanted);
  });

  it('is given back in the Node that came along, too', async () => {
    const given = commandCopy(undo, program);
    given.bringNode();
    const { settings, isSame, err } = await started(given, ['serve'], { version: '20.20.2' });
    assert.deepEqual([settings, isSame, err], [wanted, false, '']);
  });

  it('is given back by a real gateway', async function () {
    // What is built is started as the image starts it, where the image sets them.
    if (process.env.PUSHGATE_ENTRY) this.skip();
    const file = join(temporaryFolder(undo), 'config.json');
    writeFileSync(file, configText({ settings: { logLevel: 'error' } }));
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGTERM'));
    assert.deepEqual(settingsIn(readFileSync(`/proc/${gateway.child.pid}/environ`, 'utf8')), wanted);
  });
});
