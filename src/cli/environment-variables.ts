/** The variables of the environment that commands look at, with what each does. A configuration may name others for its secrets (`$env`). */
export const environmentVariables = {
  PUSHGATE_CONFIG: 'Names the configuration where no `--config` does.',
  PORT: 'Does what `--port` of `serve` does, for all commands, with `config/default.json` only.',
  NO_COLOR: 'Not empty: no colours on a terminal.',
  UV_THREADPOOL_SIZE: 'Number of threads of `serve` and of each of its workers that check PINs and sign.',
} as const;
