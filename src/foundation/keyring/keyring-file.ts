import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
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
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, newKeyring(now));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // A link, unlike a rename, fails where another start was faster.
    linkSync(draft, path);
  } catch (error) {
    throw new GatewayFault(
      'config-invalid',
      `Cannot make the keyring ${path} (${systemCode(error)}). Make its folder writable for this user, or name another place.`,
      error,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}
