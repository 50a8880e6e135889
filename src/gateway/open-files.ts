import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { embeddedFile } from './open-store.ts';

/** The mode bits that let every user of the machine read or write a file. */
const others = 0o006;

/** Keyring and embedded store files that every user of the machine may read or write, with advice. */
export function openFiles(loaded: Pick<LoadedConfig, 'config' | 'folder'>): { file: string; advice: string }[] {
  const { keyring } = loaded.config;
  const store = embeddedFile(loaded);
  const files = [
    ...('$file' in keyring ? [resolve(loaded.folder, keyring.$file)] : []),
    ...(store === undefined ? [] : [store, `${store}-wal`, `${store}-shm`]),
  ];
  return files
    .filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & others) !== 0)
    .map((file) => ({ file, advice: `every user of this machine may open it; run: chmod o-rwx ${file}` }));
}
