import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { lineWriter } from '../../src/cli/line-writer.ts';

describe('The lines of the log', () => {
  const given = () => {
    const written: string[] = [];
    const process = new EventEmitter();
    const stream = { write: (text: string) => written.push(text) > 0 };
    return { written, process, log: lineWriter(stream, process as unknown as NodeJS.Process) };
  };

  it('of one turn are written at once, in their order, and those of the next by themselves', async () => {
    const { written, log } = given();
    log.write('one\n');
    log.write('two\n');
    assert.deepEqual(written, []);
    await nextTurn();
    log.write('three\n');
    await nextTurn();
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  it('are not lost when the process ends in the same turn', () => {
    const { written, log, process } = given();
    log.write('last words\n');
    process.emit('exit', 1);
    assert.deepEqual(written, ['last words\n']);
  });
});
