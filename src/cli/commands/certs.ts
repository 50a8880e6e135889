import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { exportPkcs12, type Issued, issueClientCertificate, issueServerCertificate } from '../../foundation/crypto/index.ts';
import {
  authorityFiles,
  type CertificateFolder,
  createAuthority,
  inOneFile,
  openCertificateFolder,
  readAuthority,
} from '../certificate-files.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

const serverFile = 'server.pem';
const clientFile = 'client.pem';
const p12File = 'client.p12';

/** `pushgate certs …`: certificates for development. Nothing is overwritten without `--force`. */
export function certsCommand(terminal: Terminal): Command {
  const certs = new Command('certs')
    .enablePositionalOptions()
    .addOption(outOption())
    .addOption(hostOption())
    .addOption(clientOption())
    .addOption(forceOption())
    .addHelpText('after', '\nExample:\n  npx pushgate certs --out data/certs --host localhost --client linotp')
    .action(async ({ out, host, client, force = false }: Required<Wishes>) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(...authorityFiles, serverFile, clientFile);
      const authority = await writeAuthority(folder, terminal);
      await writeServer(folder, terminal, { authority, hosts: host });
      await writeClient(folder, terminal, { authority, name: client, p12: false });
    });
  for (const make of [caCommand, serverCommand, clientCommand]) certs.addCommand(make(terminal));
  return certs;
}

type Wishes = { out: string; force?: boolean; host?: string[]; client?: string; p12?: boolean };

const outOption = (): Option => new Option('-o, --out <folder>', 'where to write').default('data/certs');
const forceOption = (): Option => new Option('--force', 'overwrite what is there');
const clientOption = (): Option => new Option('--client <name>', 'name of the client').default('linotp');
const hostOption = (): Option =>
  new Option('--host <names...>', 'names and addresses of the server').default(['localhost', '127.0.0.1', '::1']);

function caCommand(terminal: Terminal): Command {
  return new Command('ca')
    .description('Make the CA only.')
    .addOption(outOption())
    .addOption(forceOption())
    .addHelpText('after', '\nExample:\n  npx pushgate certs ca --out data/certs')
    .action(async ({ out, force = false }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(...authorityFiles);
      await writeAuthority(folder, terminal);
    });
}

function serverCommand(terminal: Terminal): Command {
  return new Command('server')
    .description('Issue a server certificate from the CA in the folder.')
    .addOption(outOption())
    .addOption(hostOption())
    .addOption(forceOption())
    .addHelpText('after', '\nExample:\n  npx pushgate certs server --out data/certs --host push.example 10.0.0.5')
    .action(async ({ out, host: hosts = [], force = false }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(serverFile);
      await writeServer(folder, terminal, { authority: authorityOf(folder), hosts });
    });
}

function clientCommand(terminal: Terminal): Command {
  return new Command('client')
    .description('Issue a client certificate from the CA in the folder.')
    .addOption(outOption())
    .addOption(clientOption())
    .option('--p12', 'also write client.p12; its password is made here and shown once')
    .addOption(forceOption())
    .addHelpText('after', '\nExample:\n  npx pushgate certs client --out data/certs --client linotp --p12')
    .action(async ({ out, client: name = '', p12 = false, force = false }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(clientFile, ...(p12 ? [p12File] : []));
      await writeClient(folder, terminal, { authority: authorityOf(folder), name, p12 });
    });
}

function authorityOf(folder: CertificateFolder): Issued {
  const authority = readAuthority(folder);
  if (authority) return authority;
  throw new CommandFailed(`there is no CA in ${folder.path('.')}. Make one with: npx pushgate certs ca --out ${folder.path('.')}`);
}

async function writeAuthority(folder: CertificateFolder, terminal: Terminal): Promise<Issued> {
  const authority = await createAuthority(folder);
  const [certificate, key] = authorityFiles;
  terminal.out(`${folder.path(certificate)}: the CA; give it to whoever shall trust these certificates`);
  terminal.out(`${folder.path(key)}: its key; keep it here`);
  return authority;
}

async function writeServer(
  folder: CertificateFolder,
  terminal: Terminal,
  { authority, hosts }: { authority: Issued; hosts: readonly string[] },
) {
  folder.write(serverFile, inOneFile(await issueServerCertificate(authority, { hosts, now: Date.now() })));
  terminal.out(`${folder.path(serverFile)}: certificate and key of the server ${hosts.join(', ')}`);
}

type ClientWish = { authority: Issued; name: string; p12: boolean };

async function writeClient(folder: CertificateFolder, terminal: Terminal, { authority, name, p12 }: ClientWish): Promise<void> {
  const issued = await issueClientCertificate(authority, { name, now: Date.now() });
  folder.write(clientFile, inOneFile(issued));
  terminal.out(`${folder.path(clientFile)}: certificate and key of the client ${name}`);
  if (!p12) return;
  const password = randomBytes(18).toString('base64url');
  folder.write(p12File, await exportPkcs12(issued, { authority, password }));
  terminal.out(`${folder.path(p12File)}: the same as PKCS#12`);
  terminal.out(`Password: ${password}   (shown this once)`);
}
