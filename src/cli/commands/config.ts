import { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { configReferenceCommand } from './config-reference.ts';

/** `pushgate config …`: what may stand in a configuration. */
export const configCommand = (terminal: Terminal): Command =>
  new Command('config')
    .addHelpText('after', '\nExample:\n  npx pushgate config reference settings.lockout')
    .addCommand(configReferenceCommand(terminal));
