import { resolve } from 'node:path';
import { Option } from 'commander';
import type { LoadedConfig } from '../../config/index.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';

/** The configuration file when neither `--config` nor PUSHGATE_CONFIG names one. */
export const defaultConfigFile = 'config/default.json';

/** The configuration file without `--config`: PUSHGATE_CONFIG, else the default. */
export const usualConfigFile = ({ environment }: Pick<Terminal, 'environment'>): string => environment.PUSHGATE_CONFIG || defaultConfigFile;

/** The option `--config` of every command about a gateway. */
export const configOption = (terminal: Pick<Terminal, 'environment'>): Option =>
  new Option('-c, --config <file>', 'configuration file of the gateway; the variable PUSHGATE_CONFIG names another default').default(
    usualConfigFile(terminal),
  );

/**
 * The port that replaces the first listener's: `--port`, else PORT. PORT counts only for the default configuration:
 * many environments set it, and it must not move a gateway with its own configuration.
 */
export function portFor(file: string, { environment }: Terminal, option?: string): number | undefined {
  const text = option ?? (resolve(file) === resolve(defaultConfigFile) ? environment.PORT : undefined);
  if (text === undefined || (option === undefined && text === '')) return undefined;
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new WrongUsage(
    `${option === undefined ? 'the variable PORT' : '--port'} takes a number from 1 to 65535, not ${JSON.stringify(text)}.`,
  );
}

/** Loads a configuration for a command and prints every problem. Throws if one is an error. */
export async function configFor(file: string, terminal: Terminal, port = portFor(file, terminal)): Promise<LoadedConfig> {
  const { loadConfig, problemText } = await import('../../config/index.ts');
  const loaded = await loadConfig(file, terminal.environment, port);
  if (loaded.ok) {
    for (const warning of loaded.value.warnings) terminal.err(problemText(warning));
    return loaded.value;
  }
  for (const problem of loaded.error) terminal.err(problemText(problem));
  throw new CommandFailed(
    `the configuration ${file} cannot be used. Correct it, and try it with: npx pushgate check-config ${file}`,
    'config',
  );
}
