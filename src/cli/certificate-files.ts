import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Issued, makeAuthority } from '../foundation/crypto/index.ts';
import { CommandFailed } from './terminal.ts';

/** A folder that certificates and keys are written to. */
export type CertificateFolder = {
  path(file: string): string;
  /** The text of a file; undefined when it is not there. */
  read(file: string): string | undefined;
  /** Fails when one of these is there already and may not be overwritten, before anything is written. */
  expectFree(...files: string[]): void;
  /** Writes a file that only its owner can read; `public`: everybody. */
  write(file: string, content: string | Buffer, readers?: 'public'): void;
};

/** Opens a folder for certificates; it is made by the first write. What cannot be done is a `CommandFailed`. */
export function openCertificateFolder(folder: string, { force }: { force: boolean }): CertificateFolder {
  const path = (file: string): string => join(folder, file);
  const expectFree = (...files: string[]): void => {
    const there = files.map(path).find((file) => existsSync(file));
    if (!force && there !== undefined)
      throw new CommandFailed(`${there} is there already. Name another folder with --out, or let certs overwrite it with --force.`);
  };
  return {
    path,
    expectFree,
    read: (file) => (existsSync(path(file)) ? attempt('read', path(file), () => readFileSync(path(file), 'utf8')) : undefined),
    write(file, content, readers) {
      expectFree(file);
      attempt('write', path(file), () => {
        mkdirSync(folder, { recursive: true });
        // A file that is overwritten would keep its mode.
        rmSync(path(file), { force: true });
        writeFileSync(path(file), content, { mode: readers === 'public' ? 0o644 : 0o600, flag: 'wx' });
      });
    },
  };
}

function attempt<T>(what: 'read' | 'write', path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new CommandFailed(`cannot ${what} ${path} (${code}). Name a folder of yours with --out.`);
  }
}

/** The files of an authority: `ca.pem` is for all who shall trust it, `ca-key.pem` signs and goes nowhere. */
export const authorityFiles = ['ca.pem', 'ca-key.pem'] as const;
const [certificateFile, keyFile] = authorityFiles;

/** Makes an authority and writes its files. */
export async function createAuthority(folder: CertificateFolder): Promise<Issued> {
  const authority = await makeAuthority({ name: 'pushgate development CA', now: Date.now() });
  folder.write(certificateFile, authority.certificate, 'public');
  folder.write(keyFile, authority.key);
  return authority;
}

/** The authority of a folder; undefined when there is none. */
export function readAuthority(folder: CertificateFolder): Issued | undefined {
  const [certificate, key] = [folder.read(certificateFile), folder.read(keyFile)];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** Certificate and key in one text, as they stand in one file. */
export const inOneFile = ({ certificate, key }: Issued): string => `${certificate}${key}`;

/** Takes them apart again; undefined where one is missing. */
export function outOfOneFile(text: string): Issued | undefined {
  const [, certificate, key] = /^(-----BEGIN CERTIFICATE-----.*?)(-----BEGIN PRIVATE KEY-----.*)$/s.exec(text) ?? [];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}
