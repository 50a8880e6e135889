import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { onFirstUse } from '../../../src/foundation/lazy/index.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

describe('A library that is loaded late', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A library that notes in the environment when it is loaded. */
  const givenLibrary = (): { name: string; isLoaded: () => boolean } => {
    const name = join(temporaryFolder(undo), 'library.cjs');
    writeFileSync(name, `process.env.PUSHGATE_TEST_LOADED = __filename; module.exports = { answer: 42 };`);
    undo.later(() => void delete process.env.PUSHGATE_TEST_LOADED);
    return { name, isLoaded: () => process.env.PUSHGATE_TEST_LOADED === name };
  };

  const givenTimers = () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    undo.later(() => mock.timers.reset());
    return mock.timers;
  };

  it('is available at its first use', () => {
    const { name, isLoaded } = givenLibrary();
    const library = onFirstUse<{ answer: number }>(name);
    assert.equal(isLoaded(), false);
    assert.equal(library().answer, 42);
  });

  it('is loaded a second after its use was announced', () => {
    const timers = givenTimers();
    const { name, isLoaded } = givenLibrary();
    onFirstUse(name).soon();
    timers.tick(999);
    assert.equal(isLoaded(), false);
    timers.tick(1);
    assert.equal(isLoaded(), true);
  });

  it('does no harm while it is missing, until its first use', () => {
    const timers = givenTimers();
    const library = onFirstUse('no-such-library');
    library.soon();
    timers.tick(1000);
    assert.throws(library, /no-such-library/);
  });
});
