import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { createKeyringFile } from '../../foundation/keyring/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** `pushgate keyring …`: the keys that seal every secret in the store. */
export function keyringCommand(terminal: Terminal): Command {
  const keyring = new Command('keyring').addHelpText('after', '\nExample:\n  npx pushgate keyring create data/keyring.json');
  keyring.addCommand(
    new Command('create')
      .description('Make the keyring that all gateways of one MongoDB share. A file that is there is never overwritten.')
      .argument('<file>', 'where to write it')
      .addHelpText('after', '\nExample:\n  npx pushgate keyring create data/keyring.json')
      .action((file: string) => {
        const path = resolve(file);
        if (existsSync(path)) throw new CommandFailed(`${path} is there already, and what it sealed can be opened with it alone. Keep it.`);
        createKeyringFile(path, Date.now());
        terminal.out(`${path}: the keyring, readable for its owner only.`);
        terminal.out(
          'Give it to every gateway, and keep a copy apart from the backups of the store: either is worth nothing without the other.',
        );
      }),
  );
  return keyring;
}
