import { isatty } from 'node:tty';
import type { Environment } from '../config/index.ts';
import { GatewayFault } from '../foundation/model/index.ts';
import { StoreInUse } from '../store/store.ts';
import type { Failure } from './exit-codes.ts';

/** A gateway on another machine: its URL without a slash at the end, and the token of an administrator, which is read when it is needed. */
export type RemoteGateway = { url: string; token(): string };

/** Where a command writes and what it was started with; tests hand in their own. */
export type Terminal = {
  out(line: string): void;
  err(line: string): void;
  /** What `out` writes to, where that is a terminal. `colours`: not with NO_COLOR, nor on a terminal that has none. */
  screen?: { colours: boolean; columns?: number } | undefined;
  /** Writes a line in the place of the last one that was written so; only where standard error is a terminal. An empty line ends that. */
  rewrite?: ((line: string) => void) | undefined;
  environment: Environment;
  /** The gateway on another machine that the command is about, where `--server` or PUSHGATE_SERVER names one. Set before a command runs. */
  remote?: RemoteGateway | undefined;
  /** What is written to the command; there where it may be asked for. */
  input?: (() => AsyncIterable<Uint8Array>) | undefined;
  /** Asks for a line that is not shown; undefined where it was stopped. Only where somebody sits at a keyboard. */
  askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  /** Resolves when the process is asked to stop (SIGTERM, Ctrl-C). */
  stopRequested(): Promise<void>;
  /** Calls back whenever the process is asked to read its configuration again (SIGHUP). Returns how to end that. */
  onReloadRequested(callback: () => void): () => void;
};

/** A command that could not do what it was asked to: one sentence for the user that says what to do next, and the exit code that it ends with. */
export class CommandFailed extends Error {
  readonly failure: Failure;
  constructor(sentence: string, failure: Failure = 'failed') {
    super(sentence);
    this.failure = failure;
  }
}

/** A command line that is wrong: a value of the wrong form, or options that do not go together. */
export class WrongUsage extends CommandFailed {
  constructor(sentence: string) {
    super(sentence, 'usage');
  }
}

/** The exit code, by its name, that a thrown error ends a command with. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandFailed) return error.failure;
  if (error instanceof GatewayFault) return error.code === 'config-invalid' && !(error instanceof StoreInUse) ? 'config' : 'unavailable';
  return error instanceof Error && 'syscall' in error ? 'failed' : 'defect';
}

/** Whoever read what we write has left, or its disk is full: there is nobody to tell more. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') process.exitCode = 1;
  process.exit();
}

/** Loaded when a command asks: most never do. */
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
