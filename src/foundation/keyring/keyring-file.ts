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
 * Creates the file of a new keyring with mode 0600, atomically, and never overwrites one. Throws `config-invalid` when
 * it cannot.
 * @param now epoch ms
 */
export function createKeyringFile(path: string, now: number): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    // Only the last folder: a recursive mkdir hangs in Node where part of a path cannot be made, for example below
    // /proc.
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 });
    withFile(draft, 'w', (file) => void writeSync(file, newKeyring(now)));
    try {
      // Unlike a rename, a link fails when another start was faster.
      linkSync(draft, path);
    } finally {
      rmSync(draft);
    }
  } catch (error) {
    const why = `Cannot create the keyring ${path} (${systemCode(error)}).`;
    throw new GatewayFault('config-invalid', `${why} Make its folder writable for this user, or configure another path.`, error);
  }
}

/**
 * Changes a keyring file atomically and keeps its owner and mode. The new file, `….new`, is the lock against a second
 * change at the same time. Throws `config-invalid` when it cannot; then nothing has changed.
 */
export function changeKeyringFile(path: string, change: (text: string) => string): void {
  try {
    // A container's secret is a symbolic link; the change goes to its target.
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
        ? `${path}.new exists: another command is changing the keyring, or was interrupted. Remove the file when no such command runs.`
        : 'Make the file and its folder writable for this user, or change the keyring at its source.';
    throw new GatewayFault('config-invalid', `Cannot change the keyring ${path} (${code}). ${what}`, error);
  }
}

/** Returns whether the text changed and was written. */
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

/** Opens a file or folder, runs `work`, and returns after an fsync. */
function withFile(path: string, flags: 'w' | 'wx' | 'r', work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
