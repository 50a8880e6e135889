import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** An npm that empties node_modules as npm ci does, then notes that it began; it ends, and notes that, when the file `go` appears. */
const slowNpm = `
import { appendFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
process.on('SIGTERM', () => { appendFileSync('npm.log', 'stopped\\n'); process.exit(1); });
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/.bin', { recursive: true });
appendFileSync('npm.log', 'begin ' + process.argv.slice(2, 3) + '\\n');
const look = setInterval(() => {
  if (!existsSync('go')) return;
  clearInterval(look);
  appendFileSync('npm.log', 'end\\n');
}, 10);
`;
/** Preloaded: what happens every few seconds happens every few milliseconds. */
const quickTimers = 'const every = setInterval; globalThis.setInterval = (run, ms) => every(run, ms / 1000);';
const onTerminal = "Object.defineProperty(process.stderr, 'isTTY', { value: true });";
const preload = (...scripts: string[]) => ({ NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(scripts.join(''))}"` });

/** An npm that fails when the file `go` appears. */
const failingNpm = `
import { existsSync } from 'node:fs';
const look = setInterval(() => {
  if (!existsSync('go')) return;
  clearInterval(look);
  process.stderr.write('npm error code ECONNREFUSED\\n');
  process.exitCode = 1;
}, 10);
`;

/** An npm that notes the cache it was given. */
const cachingNpm = `
import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('node_modules/.bin', { recursive: true });
writeFileSync('npm.log', String(process.env.npm_config_cache));
`;

describe('Installing on the first start', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A fresh clone with an npm of the test's own. */
  const givenClone = (npm: string) => {
    const folder = temporaryFolder(undo);
    const at = (name: string) => join(folder, name);
    for (const name of ['scripts', 'bin', 'npm']) mkdirSync(at(name));
    copyFileSync('scripts/ensure-installed.mjs', at('scripts/ensure-installed.mjs'));
    copyFileSync('bin/pushgate.mjs', at('bin/pushgate.mjs'));
    writeFileSync(at('package-lock.json'), '{}');
    writeFileSync(at('npm/package.json'), '{ "type": "module" }');
    writeFileSync(at('npm/npm-cli.js'), npm);
    return {
      at,
      go: () => writeFileSync(at('go'), ''),
      log: () => (existsSync(at('npm.log')) ? readFileSync(at('npm.log'), 'utf8').trim().split('\n') : []),
      isMarked: () => existsSync(at('node_modules/.pushgate-lock')),
      start: (environment: Record<string, string> = {}) => {
        const child = spawn(process.execPath, [at('scripts/ensure-installed.mjs')], {
          env: { ...process.env, npm_execpath: at('npm/npm-cli.js'), ...environment },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        undo.later(() => child.kill('SIGKILL'));
        let told = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          told += text;
        });
        return { child, told: () => told, ended: once(child, 'close').then(([code]: (number | null)[]) => ({ code, err: told })) };
      },
    };
  };

  it('installs once, marks it by what was installed, and links the command', async () => {
    const { at, go, log, start, isMarked } = givenClone(slowNpm);
    const first = start();
    await until(() => log().length === 1);
    assert.equal(isMarked(), false, 'the mark is written last');
    go();
    assert.equal((await first.ended).code, 0);
    assert.equal(readFileSync(at('node_modules/.pushgate-lock'), 'utf8'), createHash('sha256').update('{}').digest('hex'));
    assert.equal(readlinkSync(at('node_modules/.bin/pushgate')), '../../bin/pushgate.mjs');
    // when it is asked again, nothing is done; when the lock file has changed, all of it
    assert.deepEqual(await start().ended, { code: 0, err: '' });
    assert.deepEqual(log(), ['begin ci', 'end']);
    writeFileSync(at('package-lock.json'), '{ }');
    assert.equal((await start().ended).code, 0);
    assert.deepEqual(log(), ['begin ci', 'end', 'begin ci', 'end']);
    assert.deepEqual(leftovers(at('.')), []);
  });

  it('lets two commands at once install once', async () => {
    const { at, go, log, start, isMarked } = givenClone(slowNpm);
    const [one, two] = [start(), start()];
    await until(() => log().length === 1);
    go();
    assert.deepEqual([(await one.ended).code, (await two.ended).code], [0, 0]);
    assert.deepEqual(log(), ['begin ci', 'end']);
    assert.ok(isMarked());
    assert.deepEqual(leftovers(at('.')), []);
  });

  it('stops npm when it is stopped, and begins anew the next time', async () => {
    const { at, go, log, start, isMarked } = givenClone(slowNpm);
    const first = start();
    await until(() => log().length === 1);
    first.child.kill('SIGTERM');
    const { code, err } = await first.ended;
    assert.equal(code, 128 + 15);
    assert.match(err, /npm ci was stopped \(SIGTERM\); run this again/);
    assert.deepEqual([log(), isMarked(), leftovers(at('.'))], [['begin ci', 'stopped'], false, []]);
    go();
    assert.equal((await start().ended).code, 0);
    assert.deepEqual([log().slice(2), isMarked()], [['begin ci', 'end'], true]);
  });

  it('waits for an npm that outlived a killed command, then installs anew, once for all who wait', async () => {
    const { go, log, start, isMarked } = givenClone(slowNpm);
    const killed = start();
    await until(() => log().length === 1);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const waiting = [start(), start(), start()];
    await Promise.all(waiting.map(({ child }) => once(child.stderr ?? child, 'data')));
    assert.deepEqual([log(), isMarked()], [['begin ci'], false]);
    go();
    assert.deepEqual(
      (await Promise.all(waiting.map(({ ended }) => ended))).map(({ code }) => code),
      [0, 0, 0],
    );
    assert.deepEqual(log(), ['begin ci', 'end', 'begin ci', 'end']);
  });

  it('goes past a turn whose owner showed no sign of life for long', async () => {
    const { at, go, start, isMarked } = givenClone(slowNpm);
    const turn = at(`.pushgate-installing/${process.pid}`);
    mkdirSync(turn, { recursive: true });
    utimesSync(turn, 0, 0);
    go();
    assert.equal((await start().ended).code, 0);
    assert.ok(isMarked());
  });

  it('takes nobody for alive who has ended and was only not buried by its parent', async () => {
    const { at, go, start, isMarked } = givenClone(slowNpm);
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    undo.later(() => parent.kill());
    const [pid] = await once(parent.stdout, 'data');
    mkdirSync(at(`.pushgate-installing/${Number(pid)}`), { recursive: true });
    go();
    assert.equal((await start().ended).code, 0);
    assert.ok(isMarked());
  });

  describe('shows how far it is', () => {
    const givenLock = (npm: string) => {
      const clone = givenClone(npm);
      const packages = {
        '': { optionalDependencies: { b: '1.0.0', 'for-others': '1.0.0' } },
        'node_modules/a': {},
        'node_modules/a/node_modules/left-out': { optional: true },
        'node_modules/b': { optional: true, os: [process.platform] },
        'node_modules/for-others': { optional: true, os: ['none'] },
      };
      writeFileSync(clone.at('package-lock.json'), JSON.stringify({ packages }));
      const extract = (name: string) => {
        mkdirSync(clone.at(`node_modules/${name}`), { recursive: true });
        writeFileSync(clone.at(`node_modules/${name}/package.json`), '{}');
      };
      return { ...clone, extract };
    };

    it('in lines of a log', async () => {
      const { extract, go, log, start } = givenLock(slowNpm);
      const { told, ended } = start(preload(quickTimers));
      await until(() => log().length === 1 && told().includes('pushgate: 0 of 2 packages after'));
      extract('a');
      await until(() => told().includes('1 of 2'));
      extract('b');
      await until(() => told().includes('2 of 2'));
      go();
      const { code, err } = await ended;
      assert.equal(code, 0);
      assert.match(err, /^pushgate: installing [^\n]*\n(pushgate: \d of 2 packages after \d+ s …\n)+pushgate: installed in \d+ s\.\n$/);
    });

    it('in one line of a terminal, which is gone at the end', async () => {
      const { go, start } = givenLock(slowNpm);
      const { told, ended } = start(preload(quickTimers, onTerminal));
      await until(() => told().split('\r').length > 3);
      go();
      const { code, err } = await ended;
      assert.equal(code, 0);
      assert.match(
        err,
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequence that clears the rest of a line
        /^[^\n]*\n(\rpushgate: 0 of 2 packages after \d+ s …\x1b\[K)+\r\x1b\[Kpushgate: installed in \d+ s\.\n$/,
      );
    });

    it('and leaves that line before it says what went wrong', async () => {
      const { go, start } = givenLock(failingNpm);
      const { told, ended } = start(preload(quickTimers, onTerminal));
      await until(() => told().includes('0 of 2'));
      go();
      const { code, err } = await ended;
      assert.equal(code, 1);
      assert.ok(err.includes('\r\x1b[Kpushgate: npm ci failed;') && err.endsWith('\nnpm error code ECONNREFUSED\n'), err);
    });
  });

  it('says in a sentence what went wrong, with what npm said', async () => {
    const { at, go, start, isMarked } = givenClone(failingNpm);
    go();
    const { code, err } = await start().ended;
    assert.equal(code, 1);
    assert.match(err, /pushgate: npm ci failed; check the connection to the package registry.*\nnpm error code ECONNREFUSED\n/);
    assert.deepEqual([isMarked(), leftovers(at('.'))], [false, []]);
  });

  for (const variable of ['HOME', 'npm_config_cache'])
    it(`takes a cache of its own, and leaves none, where npm cannot write to ${variable}`, async () => {
      const { at, log, start, isMarked } = givenClone(cachingNpm);
      // given a file where a folder should be: nobody can write into it, not even root
      writeFileSync(at('file'), '');
      const { code, err } = await start({ npm_config_cache: '', [variable]: at('file/inside') }).ended;
      assert.deepEqual([code, isMarked()], [0, true], err);
      assert.match(log().join(), /pushgate-npm-/);
      assert.equal(existsSync(log().join()), false);
    });

  it('says in a sentence that there is no npm', async () => {
    const { at, start } = givenClone('');
    mkdirSync(at('path'));
    symlinkSync(process.execPath, at('path/node'));
    const { code, err } = await start({ PATH: at('path'), npm_execpath: '/opt/yarn/yarn.js' }).ended;
    assert.equal(code, 1);
    assert.match(err, /pushgate: npm cannot be started \(ENOENT\); install npm, then run this again\.\n$/);
    assert.deepEqual(leftovers(at('.')), []);
  });

  it('is only told that Node is too old', async () => {
    const { log, start } = givenClone(slowNpm);
    const { code, err } = await start({
      NODE_OPTIONS: `--import "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'18.20.8'});"`,
    }).ended;
    assert.deepEqual([code, log()], [1, []]);
    assert.match(err, /^pushgate: this is Node 18\.20\.8; installing pushgate needs Node 20 or newer[^\n]*\n$/);
  });
});

/** What is left of a turn. */
const leftovers = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith('.pushgate'));

/** Looks again and again at what another process does; the test's time-out ends it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
