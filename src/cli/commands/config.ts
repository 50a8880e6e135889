import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { configInitCommand } from './config-init.ts';
import { configReferenceCommand } from './config-reference.ts';

/** `pushgate config …`: write a first configuration, and look up what may stand in one. */
export const configCommand = (terminal: Terminal): Command =>
  new Command('config')
    .addHelpText('after', '\nExample:\n  npx pushgate config init\n  npx pushgate config reference settings.lockout')
    .addCommand(configInitCommand(terminal))
    .addCommand(configReferenceCommand(terminal));
