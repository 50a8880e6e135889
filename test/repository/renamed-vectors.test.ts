import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const run = promisify(execFile);

describe('The tests of golden vectors', function () {
  this.timeout(180_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('go by what a vector says: they pass with other names, another day and another order', async () => {
    // given a second set of vectors
    const folder = temporaryFolder(undo);
    await run(process.execPath, ['test/vectors/rename.ts', folder]);
    for (const file of ['privacyidea.json', 'linotp.json'])
      assert.notEqual(readFileSync(join(folder, file), 'utf8'), readFileSync(join('test/vectors', file), 'utf8'));
    // when all that read vectors are run with it
    const files = globSync('test/**/*.test.ts').filter((path) => /from '.*\/vectors\.ts'/.test(readFileSync(path, 'utf8')));
    const mocha = ['node_modules/mocha/bin/mocha.js', '--no-package', '--timeout', '20000', '--reporter', 'dot', '--grep', 'vectors'];
    const env = { ...process.env, VECTORS_DIR: folder };
    const { stdout } = await run(process.execPath, [...mocha, '--fail-zero', ...files], { env, maxBuffer: 1 << 24 }).catch(
      // It failed, and says of what.
      ({ stdout: told }: { stdout: string }) => ({ stdout: told }),
    );
    // then none fails, and every step of the recordings is among them
    const [privacyidea, linotp] = ['privacyidea.json', 'linotp.json'].map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
    const recordings = [privacyidea.privacyidea.exchanges.cases, privacyidea.edumfa.exchanges.cases, linotp.server_transcripts.events];
    const [, passing = 0] = /(\d+) passing/.exec(stdout) ?? [];
    assert.doesNotMatch(stdout, /\d (failing|pending)/);
    assert.ok(Number(passing) > recordings.flat().length, stdout);
  });
});
