/** The variables of the environment that commands look at, with what each does. A configuration may name others for its secrets (`$env`). */
export const environmentVariables = {
  PUSHGATE_CONFIG: 'The configuration file of a command that has no `--config`.',
  PORT: 'Has the effect of `serve --port` for all commands, but only with `config/default.json`.',
  NO_COLOR: 'Switches colours off when it is not empty.',
  UV_THREADPOOL_SIZE: 'How many threads check PINs and sign, in `serve` and in each of its workers.',
} as const;
