import type { Command } from 'commander';
import type { Programs } from './command-tree.ts';
import type { Terminal } from './terminal.ts';

/** A command of the first level: its summary for the help, and its module, which is loaded when the command is used. */
export type CommandEntry = { summary: string; load: () => Promise<(terminal: Terminal, programs: Programs) => Command> };

/** The commands of the first level, in the order of the help. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: 'Run the gateway until SIGTERM or Ctrl-C. SIGHUP and a change of the file reload its configuration.',
    load: async () => (await import('./commands/serve.ts')).serveCommand,
  },
  'check-config': {
    summary: 'Check a configuration file and print every problem with its path in the file.',
    load: async () => (await import('./commands/check-config.ts')).checkConfigCommand,
  },
  config: {
    summary: 'Explain every key of the configuration, and write a first one.',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  tokens: { summary: 'Push tokens of the running gateway.', load: async () => (await import('./commands/tokens.ts')).tokensCommand },
  transactions: {
    summary: 'List logins that wait for a phone and those that ended within the hour, and show one of them.',
    load: async () => (await import('./commands/transactions.ts')).transactionsCommand,
  },
  stats: {
    summary: 'Count push tokens, open logins and the outcomes of the last hour, and show how the providers fare.',
    load: async () => (await import('./commands/stats.ts')).statsCommand,
  },
  limits: {
    summary: 'Phones that rang too often without a yes.',
    load: async () => (await import('./commands/limits.ts')).limitsCommand,
  },
  people: {
    summary: 'Users of the running gateway whose names differ in case alone.',
    load: async () => (await import('./commands/people.ts')).peopleCommand,
  },
  phone: {
    summary: 'Run a virtual phone that behaves like the app of privacyIDEA, eduMFA or LinOTP.',
    load: async () => (await import('./commands/phone.ts')).phoneCommand,
  },
  login: {
    summary: 'Log in through the running gateway, as the plug-in of a login page does.',
    load: async () => (await import('./commands/login.ts')).loginCommand,
  },
  accounts: {
    summary: 'Manage the administrators of the gateway.',
    load: async () => (await import('./commands/accounts.ts')).accountsCommand,
  },
  audit: {
    summary: 'List, show, verify and export the audit: who did what.',
    load: async () => (await import('./commands/audit.ts')).auditCommand,
  },
  'api-key': { summary: 'Make API keys for auth servers.', load: async () => (await import('./commands/api-key.ts')).apiKeyCommand },
  callers: { summary: 'Make credentials for auth servers.', load: async () => (await import('./commands/callers.ts')).callersCommand },
  keyring: {
    summary: 'Manage the keys that seal every secret in the store.',
    load: async () => (await import('./commands/keyring.ts')).keyringCommand,
  },
  'log-name': {
    summary: 'Print the pseudonym that a log has in the place of a user or an administrator.',
    load: async () => (await import('./commands/log-name.ts')).logNameCommand,
  },
  store: { summary: 'Copy a store.', load: async () => (await import('./commands/store.ts')).storeCommand },
  policy: {
    summary: 'Explain what the policies of a configuration decide.',
    load: async () => (await import('./commands/policy.ts')).policyCommand,
  },
  providers: {
    summary: 'Check and reset the providers of the running gateway, and send test pushes.',
    load: async () => (await import('./commands/providers.ts')).providersCommand,
  },
  outbox: {
    summary: 'Messages to web hooks: list them, send dead ones again, delete them.',
    load: async () => (await import('./commands/outbox.ts')).outboxCommand,
  },
  doctor: {
    summary:
      'Check everything that a login needs: configuration, gateway, store, clock, providers, user sources, certificates, registration URLs.',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  health: {
    summary: 'Ask the running gateway whether it lives, or is ready: for health checks of containers and services.',
    load: async () => (await import('./commands/health.ts')).healthCommand,
  },
  demo: {
    summary: 'Play a whole story: enrol a phone, ask, approve, log in, refuse a replay, decline.',
    load: async () => (await import('./commands/demo.ts')).demoCommand,
  },
  fakes: {
    summary: 'Run fakes of FCM, APNs and a challenge service on this machine, to try things out and to rehearse outages.',
    load: async () => (await import('./commands/fakes.ts')).fakesCommand,
  },
  certs: {
    summary: 'Make a development CA, and certificates for servers and clients (mutual TLS) from it.',
    load: async () => (await import('./commands/certs.ts')).certsCommand,
  },
  completion: {
    summary: 'Print the script with which a shell completes commands, options and values.',
    load: async () => (await import('./commands/completion.ts')).completionCommand,
  },
  help: {
    summary: 'Show the help of a command, or what the exit codes mean.',
    load: async () => (await import('./commands/help.ts')).helpCommand,
  },
};
