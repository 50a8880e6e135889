import { Readable } from 'node:stream';
import { runCommand } from '../../src/cli/index.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** A reply of the operator interface; tests read any part of its body. */
// biome-ignore lint/suspicious/noExplicitAny: a test asserts on every field that it touches
export type OpsReply = { status: number; body: any };

/** Calls the operator interface with the headers of an administrator. */
export const opsClient =
  (url: string, admin: Record<string, string>) =>
  async (method: string, path: string, body?: unknown, headers = admin): Promise<OpsReply> => {
    const reply = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: reply.status, body: await reply.json() };
  };

/** A terminal that drops all output. */
export const silentTerminal: Terminal = {
  out: () => undefined,
  err: () => undefined,
  environment: {},
  stopRequested: async () => undefined,
  onReloadRequested: () => () => undefined,
};

/** The output of a command, and its exit code. */
export type CliResult = { code: number; out: string; err: string };
/** Runs a command of `pushgate`. */
export type RunCli = (...argv: string[]) => Promise<CliResult>;

/**
 * Runs one command of `pushgate` in this process, with its own terminal. `serve` is asked to stop as soon as it
 * listens.
 * @param input its standard input, if it reads it
 */
export async function runCli(
  argv: readonly string[],
  input: string | Buffer = '',
  environment: Terminal['environment'] = {},
): Promise<CliResult> {
  const text = { out: '', err: '' };
  const code = await runCommand(argv, {
    ...silentTerminal,
    out: (line) => {
      text.out += `${line}\n`;
    },
    err: (line) => {
      text.err += `${line}\n`;
    },
    environment,
    input: () => Readable.from([Buffer.from(input)]),
  });
  return { code, ...text };
}
