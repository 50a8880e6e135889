import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { GatewayFault, systemCode } from '../model/index.ts';
import { newKeyring } from './keyring.ts';

/**
 * Makes the file of a new keyring: mode 0600, whole or not at all, never over another one. Throws `config-invalid` when it cannot.
 * @param now epoch ms
 */
export function createKeyringFile(path: string, now: number): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    // One folder only: making a whole path hangs in Node where a part of it cannot be made, below /proc for one.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 });
    writeDurably(draft, newKeyring(now));
    try {
      // A link, unlike a rename, fails where another start was faster.
      linkSync(draft, path);
    } finally {
      rmSync(draft);
    }
  } catch (error) {
    const why = `Cannot make the keyring ${path} (${systemCode(error)}).`;
    throw new GatewayFault('config-invalid', `${why} Make its folder writable for this user, or name another place.`, error);
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
