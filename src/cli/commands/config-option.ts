import { Option } from 'commander';
import { type LoadedConfig, loadConfig, problemText } from '../../config/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** Where the configuration is looked for when no `--config` says so. */
export const defaultConfigFile = 'config/default.json';

/** The option that every command about a gateway takes. */
export const configOption = (): Option => new Option('-c, --config <file>', 'configuration file of the gateway').default(defaultConfigFile);

/** Loads a configuration for a command; tells every problem, and fails when one is an error. */
export async function configFor(file: string, terminal: Terminal): Promise<LoadedConfig> {
  const loaded = await loadConfig(file, terminal.environment);
  if (loaded.ok) {
    for (const warning of loaded.value.warnings) terminal.err(problemText(warning));
    return loaded.value;
  }
  for (const problem of loaded.error) terminal.err(problemText(problem));
  throw new CommandFailed(`the configuration ${file} cannot be used. Correct it, and try it with: npx pushgate check-config ${file}`);
}
