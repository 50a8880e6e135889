import { Command } from 'commander';
import type { Programs } from '../command-tree.ts';
import { exitCodes } from '../exit-codes.ts';
import { printTable } from '../output/index.ts';
import { type Terminal, WrongUsage } from '../terminal.ts';

/** `pushgate help …`: prints the help of a command, or the table of exit codes. */
export const helpCommand = (terminal: Terminal, programs: Programs): Command =>
  new Command('help')
    .argument('[words...]', 'words of a command, such as tokens list; or exit-codes')
    .addHelpText('after', '\nExample:\n  npx pushgate help tokens list\n  npx pushgate help exit-codes')
    .action(async (words: string[]) => {
      if (words.join(' ') === 'exit-codes') return printExitCodes(terminal);
      let command = await programs(words[0]);
      for (const word of words) {
        const child = command.commands.find((each) => each.name() === word);
        if (!child) throw new WrongUsage(`there is no command ${JSON.stringify(words.join(' '))}. See: npx pushgate help`);
        command = child;
      }
      command.outputHelp();
    });

const printExitCodes = (terminal: Terminal): void =>
  printTable(terminal, Object.entries(exitCodes), [
    { head: 'CODE', cell: ([, { code }]) => code },
    { head: 'NAME', cell: ([name]) => name },
    { head: 'MEANING', cell: ([, { meaning }]) => meaning },
  ]);
