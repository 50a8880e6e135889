import { Command } from 'commander';
import { z } from 'zod';
import { inspectConfig, loadConfig, pathText, problemText } from '../../config/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { modesWorth } from '../../policy/index.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { usualConfigFile } from './config-option.ts';

/**
 * `path` is the place in the file. `modes` rates the push modes that the rules choose, a line each; empty if no mount
 * asks a phone.
 */
const checked = dataOutput(
  z.object({
    file: z.string(),
    ok: z.boolean(),
    problems: z.array(z.object({ level: z.enum(['error', 'warning']), path: z.string(), message: z.string() })),
    modes: z.array(z.string()),
  }),
);

/** `pushgate check-config FILE`: prints every problem with its path, and how secure the chosen push modes are. */
export function checkConfigCommand(terminal: Terminal): Command {
  return new Command('check-config')
    .argument('[file]', 'configuration file; the variable PUSHGATE_CONFIG names another default', usualConfigFile(terminal))
    .addOption(checked.option())
    .addHelpText('after', '\nExample:\n  npx pushgate check-config config/default.json')
    .action(async (file: string, flags: JsonFlag) => {
      const problems = await inspectConfig(file, terminal.environment, openLog('silent'));
      const errors = problems.filter(({ level }) => level === 'error').length;
      const modes = errors > 0 ? [] : await modesOf(file, terminal);
      const shown = problems.map(({ level, path, message }) => ({ level, path: pathText(path), message }));
      checked.print(terminal, flags, { file, ok: errors === 0, problems: shown, modes }, () => {
        for (const problem of problems) terminal.out(problemText(problem));
        if (errors > 0) return;
        if (modes.length > 0) terminal.out('What phones are asked:');
        for (const line of modes) terminal.out(`  ${line}`);
        terminal.out(`${file} is fine.`);
      });
      if (errors > 0)
        throw new CommandFailed(`${file} has ${errors} ${errors === 1 ? 'problem' : 'problems'}; nothing was started or changed.`);
    });
}

/** Rates the push modes in which phones are asked; empty if no mount asks a phone. */
async function modesOf(file: string, { environment }: Terminal): Promise<string[]> {
  const loaded = await loadConfig(file, environment);
  if (!loaded.ok) return [];
  const { listeners, policies } = loaded.value.config;
  const asks = listeners.some(({ mounts }) => mounts.some(({ serves }) => serves === 'privacyidea' || serves === 'linotp'));
  return asks ? modesWorth(policies) : [];
}
