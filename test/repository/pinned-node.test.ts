import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { commandCopy, pretending } from '../kit/command-copy.ts';
import { cleanup } from '../kit/temporary.ts';

describe('The command on an old Node', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenCommand = (program: string, place?: string) => commandCopy(undo, program, place);

  /** The end of the first process, which got a signal once the other one was ready, and what both have written. */
  const signalled = async (signal: NodeJS.Signals): Promise<{ code: number | null; out: string }> => {
    const given = givenCommand(
      'process.once("SIGTERM", () => { process.stdout.write("asked to stop"); clearInterval(busy); }); const busy = setInterval(() => {}, 1000); process.stdout.write("ready ");',
    );
    given.bringNode();
    const child = spawn(process.execPath, [...pretending('20.20.2'), given.command], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!out) child.kill(signal);
      out += text;
    });
    // The other process has the same standard output, which is closed when it is gone.
    const [code] = await once(child, 'close');
    return { code, out };
  };

  it('says what was found and what is needed where no other Node is there', () => {
    for (const version of ['18.20.8', '20.20.2', '22.18.0']) {
      const { status, out, err } = givenCommand('process.stdout.write("started");').run(version);
      assert.deepEqual([status, out, err.trim().split('\n').length], [1, '', 1]);
      assert.match(err, new RegExp(`^pushgate: this is Node ${version.replaceAll('.', '\\.')}; pushgate needs 22\\.19 or newer`));
      assert.match(err, /npm start/);
    }
  });

  it('runs at once on a Node that is new enough', () => {
    for (const version of ['22.19.0', '24.21.0', '26.0.0']) {
      const { status, out } = givenCommand('process.stdout.write("started");').run(version);
      assert.deepEqual([status, out], [0, 'started']);
    }
  });

  it('goes on in the Node that came along, with the same words and the same end', () => {
    const given = givenCommand('process.stdout.write(process.argv.slice(2).join(" ")); process.exitCode = 3;');
    given.bringNode();
    const { status, out, err } = given.run('20.20.2', 'serve', '--config', 'a b');
    assert.deepEqual([status, out, err], [3, 'serve --config a b', '']);
  });

  it('passes signals on, and ends when the other one has ended', async () => {
    assert.deepEqual(await signalled('SIGTERM'), { code: 0, out: 'ready asked to stop' });
  });

  it('is stopped as if it were asked to where the first process is killed', async () => {
    assert.equal((await signalled('SIGKILL')).out, 'ready asked to stop');
  });

  it('ends by the signal that ended the other one', () => {
    const given = givenCommand('process.kill(process.pid, "SIGKILL");');
    given.bringNode();
    assert.equal(given.run('20.20.2').signal, 'SIGKILL');
  });

  it('says what to do where the Node that came along is for another machine', () => {
    const given = givenCommand('');
    const node = given.bringNode();
    rmSync(node);
    writeFileSync(node, '#!/no/such/loader\n');
    chmodSync(node, 0o755);
    const { status, err } = given.run('20.20.2');
    assert.equal(status, 1);
    assert.match(err, /^pushgate: the Node that came along cannot be started \(\w+\)/);
  });

  it('says in a sentence that its sources do not run as an installed package', () => {
    const { status, err } = givenCommand('', 'node_modules/pushgate').run('24.21.0');
    assert.deepEqual([status, err.trim().split('\n').length], [1, 1]);
    assert.match(err, /^pushgate: it was installed from its sources, .* Clone its repository/);
  });

  it('says how to install what is missing, and hides no other defect', () => {
    const missing = givenCommand("import 'not-installed-anywhere';").run('24.21.0');
    assert.equal(missing.status, 1);
    assert.match(missing.err, /^pushgate: something that pushgate needs is not installed\. Run npm ci, or npm start/);
    const broken = givenCommand("import './no-such-file.ts';").run('24.21.0');
    assert.equal(broken.status, 1);
    assert.match(broken.err, /ERR_MODULE_NOT_FOUND/);
  });
});
