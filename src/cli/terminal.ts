import { isatty } from 'node:tty';
import type { Environment } from '../config/index.ts';
import { GatewayFault } from '../foundation/model/index.ts';
import { StoreInUse } from '../store/store.ts';
import type { Failure } from './exit-codes.ts';

/**
 * A gateway on another machine: its URL without a slash at the end, and an administrator token, which is read when
 * needed.
 */
export type RemoteGateway = { url: string; token(): string };

/** Input, output and environment of a command; tests pass their own. */
export type Terminal = {
  out(line: string): void;
  err(line: string): void;
  /**
   * The terminal that `out` writes to, if it is one. `colours` is false with NO_COLOR and on a terminal without
   * colours.
   */
  screen?: { colours: boolean; columns?: number } | undefined;
  /** Replaces the last line that was written this way; only if standard error is a terminal. An empty line ends it. */
  rewrite?: ((line: string) => void) | undefined;
  environment: Environment;
  /** The gateway on another machine, named by `--server` or PUSHGATE_SERVER. Set before a command runs. */
  remote?: RemoteGateway | undefined;
  /** Standard input; absent if the command may not read it. */
  input?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Asks for a line without echo; resolves with undefined after Ctrl-C. Only with a keyboard. */
  askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  /** Resolves when the process is asked to stop (SIGTERM, Ctrl-C). */
  stopRequested(): Promise<void>;
  /** Calls back on each request to read the configuration again (SIGHUP). Returns a function that stops this. */
  onReloadRequested(callback: () => void): () => void;
};

/** A failed command: one sentence that says what to do next, and its exit code. */
export class CommandFailed extends Error {
  readonly failure: Failure;
  constructor(sentence: string, failure: Failure = 'failed') {
    super(sentence);
    this.failure = failure;
  }
}

/** A wrong command line: an invalid value, or options that exclude each other. */
export class WrongUsage extends CommandFailed {
  constructor(sentence: string) {
    super(sentence, 'usage');
  }
}

/** The exit code, by name, for a thrown error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailed) return error.failure;
  if (error instanceof GatewayFault) return error.code === 'config-invalid' && !(error instanceof StoreInUse) ? 'config' : 'unavailable';
  return error instanceof Error && 'syscall' in error ? 'failed' : 'defect';
}

/** The reader of the output has gone, or its disk is full: no message can reach anybody. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = 1;
  process.exit();
}

/** Loaded on first use: most commands never ask. */
const askAtKeyboard = async (question: string): Promise<string | undefined> =>
  (await import('./keyboard.ts')).askSecret(process.stdin, (text) => void process.stderr.write(text), question);

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { NO_COLOR: noColour = '', TERM: kind } = process.env;
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithoutReader);
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    screen: process.stdout.isTTY ? { colours: noColour === '' && kind !== 'dumb', columns: process.stdout.columns } : undefined,
    rewrite: process.stderr.isTTY ? (line) => void process.stderr.write(`\r\x1b[K${line}`) : undefined,
    environment: process.env,
    input: () => process.stdin,
    askSecret: isatty(0) && process.stderr.isTTY ? askAtKeyboard : undefined,
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
