import { Command } from 'commander';
import { inspectConfig, problemText } from '../../config/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** `pushgate check-config FILE`: prints every problem with its path. */
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
      terminal.out(`${file} is fine.`);
    });
}
