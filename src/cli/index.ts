import { Command, CommanderError } from 'commander';
import { GatewayFault, version } from '../foundation/model/index.ts';
import type { StartGateway } from '../gateway/options.ts';
import { accountsCommand } from './commands/accounts.ts';
import { callersCommand } from './commands/callers.ts';
import { certsCommand } from './commands/certs.ts';
import { checkConfigCommand } from './commands/check-config.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { fakesCommand } from './commands/fakes.ts';
import { keyringCommand } from './commands/keyring.ts';
import { loginCommand } from './commands/login.ts';
import { peopleCommand } from './commands/people.ts';
import { phoneCommand } from './commands/phone.ts';
import { policyCommand } from './commands/policy.ts';
import { providersCommand } from './commands/providers.ts';
import { serveCommand } from './commands/serve.ts';
import { storeCommand } from './commands/store.ts';
import { tokensCommand } from './commands/tokens.ts';
import { CommandFailed, processTerminal, type Terminal } from './terminal.ts';

const holdingMs = 60_000;

/**
 * Runs one `pushgate` command. The process lives until it has ended.
 * @returns the exit code: 0 for done, 1 for anything else
 */
export async function runCommand(
  argv: readonly string[],
  tools: { startGateway: StartGateway },
  terminal: Terminal = processTerminal(),
): Promise<number> {
  // Deadlines and much else that a command waits for hold no process by themselves.
  const holding = setInterval(() => undefined, holdingMs);
  try {
    await program(tools.startGateway, terminal).parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has told the user already; help and version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    if (error instanceof CommandFailed || error instanceof GatewayFault) terminal.err(`pushgate: ${error.message}`);
    else terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  } finally {
    clearInterval(holding);
  }
}

function program(startGateway: StartGateway, terminal: Terminal): Command {
  const root = new Command('pushgate')
    .description('Push-provider gateway and challenge service for multi-factor login.')
    .version(version)
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json\n  npx pushgate phone --help');
  const commands = [
    serveCommand(startGateway, terminal),
    checkConfigCommand(terminal),
    tokensCommand(terminal),
    peopleCommand(terminal),
    phoneCommand(terminal),
    loginCommand(terminal),
    accountsCommand(terminal),
    callersCommand(terminal),
    keyringCommand(terminal),
    storeCommand(terminal),
    policyCommand(terminal),
    providersCommand(terminal),
    doctorCommand(terminal),
    demoCommand(startGateway, terminal),
    fakesCommand(terminal),
    certsCommand(terminal),
  ];
  for (const command of commands) root.addCommand(command);
  for (const command of everyCommand(root)) {
    command
      .exitOverride()
      .showHelpAfterError('(add --help for what it takes, with an example)')
      .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.err(text.trimEnd()) });
  }
  return root;
}

function* everyCommand(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}
