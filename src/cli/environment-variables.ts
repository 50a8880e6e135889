/**
 * The environment variables that commands read, with descriptions. A configuration may name others for its secrets
 * (`$env`).
 */
export const environmentVariables = {
  PUSHGATE_CONFIG: 'The configuration file of a command that has no `--config`.',
  PUSHGATE_SERVER: 'The URL of a gateway on another machine, for a command that has neither `--server` nor `--config`.',
  PUSHGATE_TOKEN_FILE: 'The file with the token of an administrator for that gateway; `accounts login` writes it.',
  PUSHGATE_TOKEN: 'The token itself.',
  NODE_EXTRA_CA_CERTS: 'A file with the CA of that gateway, if it is a CA of your own.',
  PORT: 'Has the effect of `serve --port` for all commands, but only with `config/default.json`.',
  NO_COLOR: 'Switches colours off when it is not empty.',
  UV_THREADPOOL_SIZE: 'How many threads check PINs and sign, in `serve` and in each of its workers.',
} as const;
