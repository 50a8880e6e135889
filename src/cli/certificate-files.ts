import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Issued, makeAuthority } from '../foundation/crypto/index.ts';
import { CommandFailed } from './terminal.ts';

/** A folder that certificates and keys are written to. */
export type CertificateFolder = {
  path(file: string): string;
  /** The text of a file; undefined if the file is missing. */
  read(file: string): string | undefined;
  /** Throws before anything is written if one of these files exists and may not be overwritten. */
  expectFree(...files: string[]): void;
  /** Writes a file that only its owner can read; with `public` everybody can. */
  write(file: string, content: string | Buffer, readers?: 'public'): void;
};

/** Opens a folder for certificates. The first write creates it. Failures are `CommandFailed`. */
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
        // Overwriting a file would keep its old mode.
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

/** The files of a certificate authority: `ca.pem` for everybody who trusts it, `ca-key.pem` signs and stays private. */
export const authorityFiles = ['ca.pem', 'ca-key.pem'] as const;
const [certificateFile, keyFile] = authorityFiles;

/** Creates a certificate authority and writes its files. */
export async function createAuthority(folder: CertificateFolder): Promise<Issued> {
  const authority = await makeAuthority({ name: 'pushgate development CA', now: Date.now() });
  folder.write(certificateFile, authority.certificate, 'public');
  folder.write(keyFile, authority.key);
  return authority;
}

/** The certificate authority of a folder; undefined if there is none. */
export function readAuthority(folder: CertificateFolder): Issued | undefined {
  const [certificate, key] = [folder.read(certificateFile), folder.read(keyFile)];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

/** Certificate and key as the text of one file. */
export const inOneFile = ({ certificate, key }: Issued): string => `${certificate}${key}`;

/** Splits such a text into certificate and key; undefined if one is missing. */
export function outOfOneFile(text: string): Issued | undefined {
  const [, certificate, key] = /^(-----BEGIN CERTIFICATE-----.*?)(-----BEGIN PRIVATE KEY-----.*)$/s.exec(text) ?? [];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}
