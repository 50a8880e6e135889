import { Command, CommanderError } from 'commander';
import { GatewayFault, version } from '../foundation/model/index.ts';
import { commands } from './command-table.ts';
import { exitCodes, type Failure } from './exit-codes.ts';
import { addServerOptions } from './remote-gateway.ts';
import { CommandFailed, failureOf, processTerminal, type Terminal } from './terminal.ts';

/**
 * Runs one `pushgate` command.
 * @returns the exit code, by the table in exit-codes.ts
 */
export async function runCommand(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  try {
    await untilDone(async () => (await program(argv, terminal)).parseAsync(argv, { from: 'user' }));
    return exitCodes.done.code;
  } catch (error) {
    // Commander has printed the message. A requested help text counts as success.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done.code : exitCodes.usage.code;
    return exitCodes[tell(error, terminal)].code;
  }
}

/** Prints the error: one sentence, and the stack only for a defect. */
function tell(error: unknown, terminal: Terminal): Failure {
  if (error instanceof CommandFailed || error instanceof GatewayFault) {
    terminal.err(`pushgate: ${error.message}`);
    return failureOf(error);
  }
  // For example a file that cannot be written, or a full disk.
  if (error instanceof Error && 'syscall' in error) {
    terminal.err(`pushgate: the system refuses: ${error.message}`);
    return failureOf(error);
  }
  terminal.err('pushgate: this is a defect of pushgate. Please report it with these lines:');
  terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return failureOf(error);
}

const holdingMs = 60_000;

/** Keeps the process alive until `work` has ended: deadlines and other timers of commands do not. */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  const holding = setInterval(() => undefined, holdingMs);
  try {
    return await work();
  } finally {
    clearInterval(holding);
  }
}

/** The command line with every command loaded. */
export const wholeProgram = (terminal: Terminal): Promise<Command> => assemble(terminal, '*');

/** The command line: the named command is loaded; the others have only their summary. */
function program(argv: readonly string[], terminal: Terminal): Promise<Command> {
  return assemble(
    terminal,
    argv.find((word) => Object.hasOwn(commands, word)),
  );
}

async function assemble(terminal: Terminal, named: string | undefined): Promise<Command> {
  const root = new Command('pushgate')
    .description('Push-provider gateway and challenge service for multi-factor login.')
    .version(version)
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json\n  npx pushgate phone --help');
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const isNamed = named === '*' || named === name;
    const command = isNamed ? (await load())(terminal, (other) => assemble(terminal, other)) : new Command(name);
    root.addCommand(command.description(summary));
  }
  for (const command of everyCommand(root)) {
    addServerOptions(command, wordsOf(command), terminal);
    command.exitOverride().configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      outputError: (text, write) => write(usageSentence(text, command)),
    });
  }
  return root;
}

/** A usage error as one line: Commander puts a suggestion on a second line. */
const usageSentence = (text: string, command: Command): string =>
  `pushgate: ${text
    .trim()
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '')}. See: npx ${pathOf(command)} --help`;

/** The words of a command, beginning with `pushgate`. */
export const pathOf = (command: Command): string => ['pushgate', ...wordsOf(command)].join(' ');

const wordsOf = (command: Command): string[] => (command.parent ? [...wordsOf(command.parent), command.name()] : []);

/** A command and all its subcommands. */
export function* everyCommand(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}
