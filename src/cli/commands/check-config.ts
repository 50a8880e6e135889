import { Command } from 'commander';
import { inspectConfig, loadConfig, problemText } from '../../config/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { modesWorth } from '../../policy/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** `pushgate check-config FILE`: prints every problem with its path, and what the modes are worth that its rules choose. */
export function checkConfigCommand(terminal: Terminal): Command {
  return new Command('check-config')
    .argument('<file>', 'configuration file')
    .addHelpText('after', '\nExample:\n  npx pushgate check-config config/default.json')
    .action(async (file: string) => {
      const problems = await inspectConfig(file, terminal.environment, openLog('silent'));
      for (const problem of problems) terminal.out(problemText(problem));
      const errors = problems.filter(({ level }) => level === 'error').length;
      if (errors > 0)
        throw new CommandFailed(`${file} has ${errors} ${errors === 1 ? 'problem' : 'problems'}; nothing was started or changed.`);
      for (const line of await worthLines(file, terminal)) terminal.out(line);
      terminal.out(`${file} is fine.`);
    });
}

/** What the modes are worth in which phones are asked; nothing where no mount asks one. */
async function worthLines(file: string, { environment }: Terminal): Promise<string[]> {
  const loaded = await loadConfig(file, environment);
  if (!loaded.ok) return [];
  const { listeners, policies } = loaded.value.config;
  const asks = listeners.some(({ mounts }) => mounts.some(({ serves }) => serves === 'privacyidea' || serves === 'linotp'));
  return asks ? ['What phones are asked:', ...modesWorth(policies).map((line) => `  ${line}`)] : [];
}
