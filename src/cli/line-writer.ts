import type { Writable } from 'node:stream';

/** A sink for lines, whole and in order. */
export type LineWriter = { write(line: string): void };

/**
 * Writes the lines of one turn of the event loop together: each write blocks the process, and a request writes a line.
 * The rest is written when the process exits; a kill loses the lines of one turn.
 */
export function lineWriter(stream: Pick<Writable, 'write'>, process: Pick<NodeJS.Process, 'once'> = globalThis.process): LineWriter {
  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') stream.write(text);
  };
  process.once('exit', flush);
  return {
    write(line) {
      if (waiting === '') setImmediate(flush);
      waiting += line;
    },
  };
}
