import { Argument, Command } from 'commander';
import { commandTree, type Programs } from '../command-tree.ts';
import { completionScripts } from '../completion-scripts.ts';
import type { Terminal } from '../terminal.ts';

/** `pushgate completion SHELL`: prints a completion script for the shell, generated from the commands and options. */
export const completionCommand = (terminal: Terminal, programs: Programs): Command =>
  new Command('completion')
    .addArgument(new Argument('<shell>', 'shell that reads the script').choices(Object.keys(completionScripts)))
    .addHelpText('after', '\nPrint it anew after an upgrade. It completes `pushgate`, where that is a command of its own, not behind npx.')
    .addHelpText(
      'after',
      '\nExample:\n  npx pushgate completion bash > /etc/bash_completion.d/pushgate\n' +
        '  npx pushgate completion zsh > /usr/local/share/zsh/site-functions/_pushgate\n' +
        '  npx pushgate completion fish > ~/.config/fish/completions/pushgate.fish',
    )
    .action(async (shell: keyof typeof completionScripts) => terminal.out(completionScripts[shell](commandTree(await programs('*')))));
