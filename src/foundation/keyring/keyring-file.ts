import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { GatewayFault, systemCode } from '../model/index.ts';
import { newKeyring } from './keyring-text.ts';

/**
 * Makes the file of a new keyring: mode 0600, whole or not at all, never over another one. Throws `config-invalid` when it cannot.
 * @param now epoch ms
 */
export function createKeyringFile(path: string, now: number): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    // One folder only: making a whole path hangs in Node where a part of it cannot be made, below /proc for one.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 });
    withFile(draft, 'w', (file) => void writeSync(file, newKeyring(now)));
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

/**
 * Changes the file of a keyring, whole or not at all; it keeps its owner and mode. One change at a time: the new file, `….new`, is
 * the lock. Throws `config-invalid` when it cannot, and then nothing has changed.
 */
export function changeKeyringFile(path: string, change: (text: string) => string): void {
  try {
    // A secret of a container is a link to what changes.
    const target = realpathSync(path);
    const draft = `${target}.new`;
    let isOther = false;
    withFile(draft, 'wx', (file) => {
      try {
        isOther = writeNext(file, target, change);
      } finally {
        if (!isOther) rmSync(draft);
      }
    });
    if (!isOther) return;
    renameSync(draft, target);
    withFile(dirname(target), 'r', () => undefined);
  } catch (error) {
    if (error instanceof GatewayFault) throw error;
    const code = systemCode(error);
    const what =
      code === 'EEXIST'
        ? `${path}.new is there: another command changes the keyring, or one was cut off. Remove it when none runs.`
        : 'Make the file and its folder writable for this user, or change the keyring where it comes from.';
    throw new GatewayFault('config-invalid', `Cannot change the keyring ${path} (${code}). ${what}`, error);
  }
}

/** Whether there was anything to write. */
function writeNext(file: number, target: string, change: (text: string) => string): boolean {
  const before = readFileSync(target, 'utf8').replace(/^\uFEFF/, '');
  const next = change(before);
  if (next === before) return false;
  const [{ uid, gid, mode }, own] = [statSync(target), fstatSync(file)];
  if (own.uid !== uid || own.gid !== gid) fchownSync(file, uid, gid);
  fchmodSync(file, mode & 0o777);
  writeSync(file, next);
  return true;
}

/** Works with a file, or looks at a folder, that is on disk when this returns. */
function withFile(path: string, flags: 'w' | 'wx' | 'r', work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
