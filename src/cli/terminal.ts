import type { Environment } from '../config/index.ts';

/** Where a command writes and what it was started with; tests hand in their own. */
export type Terminal = {
  out(line: string): void;
  err(line: string): void;
  /** Writes a line in the place of the last one that was written so; there where somebody looks at the output. An empty one ends that. */
  rewrite?: ((line: string) => void) | undefined;
  environment: Environment;
  /** What is written to the command; there where it may be asked for. */
  input?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Resolves when the process is asked to stop (SIGTERM, Ctrl-C). */
  stopRequested(): Promise<void>;
  /** Calls back whenever the process is asked to read its configuration again (SIGHUP). Returns how to end that. */
  onReloadRequested(callback: () => void): () => void;
};

/** A command that could not do what it was asked to: one sentence for the user that says what to do next. */
export class CommandFailed extends Error {}

/** Whoever read what we write has left, or its disk is full: there is nobody to tell more. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = 1;
  process.exit();
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithoutReader);
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    rewrite: process.stdout.isTTY ? (line) => void process.stdout.write(`\r\x1b[K${line}`) : undefined,
    environment: process.env,
    input: () => process.stdin,
    stopRequested: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
      }),
    onReloadRequested(callback) {
      process.on('SIGHUP', callback);
      return () => process.off('SIGHUP', callback);
    },
  };
}
