import { Command, CommanderError } from 'commander';
import { GatewayFault, version } from '../foundation/model/index.ts';
import { CommandFailed, processTerminal, type Terminal } from './terminal.ts';

/** A command of the first level: its one line in the help, and its file, which is loaded when the command is named. */
type CommandEntry = { summary: string; load: () => Promise<(terminal: Terminal) => Command> };

const commands: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: 'Run the gateway until SIGTERM or Ctrl-C. SIGHUP and a change of the file reload its configuration.',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  'check-config': {
    summary: 'Check a configuration file and print every problem with its path in the file.',
    load: async () => (await import('./commands/check-config.ts')).checkConfigCommand,
  },
  tokens: { summary: 'Push tokens of the running gateway.', load: async () => (await import('./commands/tokens.ts')).tokensCommand },
  limits: {
    summary: 'Phones that rang too often without a yes.',
    load: async () => (await import('./commands/limits.ts')).limitsCommand,
  },
  people: {
    summary: 'Users of the running gateway whose names differ in case alone.',
    load: async () => (await import('./commands/people.ts')).peopleCommand,
  },
  phone: {
    summary: 'A virtual phone that behaves like the privacyIDEA Authenticator, one of the apps of eduMFA, or that of LinOTP.',
    load: async () => (await import('./commands/phone.ts')).phoneCommand,
  },
  login: {
    summary: 'Log in through the running gateway, as a client plug-in does.',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  accounts: { summary: 'Administrators of the gateway.', load: async () => (await import('./commands/accounts.ts')).accountsCommand },
  audit: {
    summary: 'Who did what: list, show, verify and export the audit.',
    load: async () => (await import('./commands/audit.ts')).auditCommand,
  },
  callers: { summary: 'Credentials of auth servers.', load: async () => (await import('./commands/callers.ts')).callersCommand },
  keyring: {
    summary: 'The keys that seal every secret in the store.',
    load: async () => (await import('./commands/keyring.ts')).keyringCommand,
  },
  'log-name': {
    summary: 'What stands for a user or an administrator in a log with pseudonyms.',
    load: async () => (await import('./commands/log-name.ts')).logNameCommand,
  },
  store: { summary: 'The store as a whole.', load: async () => (await import('./commands/store.ts')).storeCommand },
  policy: { summary: 'What the rules of a configuration say.', load: async () => (await import('./commands/policy.ts')).policyCommand },
  providers: { summary: 'Providers of the running gateway.', load: async () => (await import('./commands/providers.ts')).providersCommand },
  doctor: {
    summary:
      'Look at all that a login needs: configuration, gateway, store, clock, providers, user sources, certificates, registration URLs.',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  health: {
    summary: 'Ask the running gateway whether it lives, or is ready: for health checks of containers and services.',
    load: async () => (await import('./commands/health.ts')).healthCommand,
  },
  demo: {
    summary: 'Tell the whole story: enrol a phone, ask, approve, log in, refuse a replay, decline.',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  fakes: {
    summary: 'Run fakes of FCM, APNs and a challenge service on this machine, to try and to rehearse outages with.',
    load: async () => (await import('./commands/fakes.ts')).fakesCommand,
  },
  certs: {
    summary: 'Make a development CA, and certificates for servers and clients (mutual TLS) from it.',
    load: async () => (await import('./commands/certs.ts')).certsCommand,
  },
};

/**
 * Runs one `pushgate` command.
 * @returns the exit code: 0 for done, 1 for anything else
 */
export async function runCommand(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  try {
    await untilDone(async () => (await program(argv, terminal)).parseAsync(argv, { from: 'user' }));
    return 0;
  } catch (error) {
    // Commander has told the user already; help and version are no failures.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
    if (error instanceof CommandFailed || error instanceof GatewayFault) terminal.err(`pushgate: ${error.message}`);
    else terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

const holdingMs = 60_000;

/** Lets the process live until `work` has ended: deadlines and much else that a command waits for hold no process by themselves. */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  const holding = setInterval(() => undefined, holdingMs);
  try {
    return await work();
  } finally {
    clearInterval(holding);
  }
}

/** The command line: the command that is named as a whole, the others by their one line. */
async function program(argv: readonly string[], terminal: Terminal): Promise<Command> {
  const root = new Command('pushgate')
    .description('Push-provider gateway and challenge service for multi-factor login.')
    .version(version)
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  npx pushgate serve --config config/default.json\n  npx pushgate phone --help');
  const named = argv.find((word) => Object.hasOwn(commands, word));
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = name === named ? (await load())(terminal) : new Command(name);
    root.addCommand(command.description(summary));
  }
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
