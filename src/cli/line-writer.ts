import type { Writable } from 'node:stream';

/** Where lines go, whole and in their order. */
export type LineWriter = { write(line: string): void };

/**
 * Writes the lines of one turn of the event loop at once: each write stops the process until the system has taken it, and a request is a line. What is
 * left when the process ends is written then; a kill loses the lines of one turn.
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
