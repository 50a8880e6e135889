import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { configInitCommand } from './config-init.ts';
import { configReferenceCommand } from './config-reference.ts';

/** `pushgate config …`: writes a first configuration, and looks up keys and actions. */
export const configCommand = (terminal: Terminal): Command =>
  new Command('config')
    .addHelpText('after', '\nExample:\n  npx pushgate config init\n  npx pushgate config reference settings.lockout')
    .addCommand(configInitCommand(terminal))
    .addCommand(configReferenceCommand(terminal));
