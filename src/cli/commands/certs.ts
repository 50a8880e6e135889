import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { exportPkcs12, type Issued, issueClientCertificate, issueServerCertificate } from '../../foundation/crypto/index.ts';
import {
  authorityFiles,
  type CertificateFolder,
  createAuthority,
  inOneFile,
  openCertificateFolder,
  readAuthority,
} from '../certificate-files.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

const serverFile = 'server.pem';
const clientFile = 'client.pem';
const p12File = 'client.p12';

/** `pushgate certs …`: certificates for development. Existing files are overwritten only with `--force`. */
export function certsCommand(terminal: Terminal): Command {
  const certs = new Command('certs')
    .enablePositionalOptions()
    .addOption(outOption())
    .addOption(hostOption())
    .addOption(clientOption())
    .addOption(forceOption())
    .addOption(written.option())
    .addHelpText('after', '\nExample:\n  npx pushgate certs --out data/certs --host localhost --client linotp')
    .action(async ({ out, host, client, force = false, json }: CertsWishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(...authorityFiles, serverFile, clientFile);
      const [authority, ...files] = await writeAuthority(folder);
      const server = await writeServer(folder, { authority, hosts: host });
      tell(
        terminal,
        { json },
        { files: [...files, server, ...(await writeClient(folder, { authority, name: client, p12: false })).files] },
      );
    });
  for (const make of [caCommand, serverCommand, clientCommand]) certs.addCommand(make(terminal));
  return certs;
}

const Written = z.object({ path: z.string(), what: z.string() });
type Written = z.output<typeof Written>;

/** The written files, and the password of the PKCS#12 file, which is shown only here. */
const written = dataOutput(z.object({ files: z.array(Written), password: z.string().optional() }));

const tell = (terminal: Terminal, flags: JsonFlag, data: z.output<typeof written.schema>): void =>
  written.print(terminal, flags, data, ({ files, password }) => {
    for (const { path, what } of files) terminal.out(`${path}: ${what}`);
    if (password !== undefined) terminal.out(`Password: ${password}   (shown this once)`);
  });

type Wishes = JsonFlag & { out: string; force?: boolean; host?: string[]; client?: string; p12?: boolean };
type CertsWishes = Wishes & { host: string[]; client: string };

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
    .addOption(written.option())
    .addHelpText('after', '\nExample:\n  npx pushgate certs ca --out data/certs')
    .action(async ({ out, force = false, json }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(...authorityFiles);
      const [, ...files] = await writeAuthority(folder);
      tell(terminal, { json }, { files });
    });
}

function serverCommand(terminal: Terminal): Command {
  return new Command('server')
    .description('Issue a server certificate from the CA in the folder.')
    .addOption(outOption())
    .addOption(hostOption())
    .addOption(forceOption())
    .addOption(written.option())
    .addHelpText('after', '\nExample:\n  npx pushgate certs server --out data/certs --host push.example 10.0.0.5')
    .action(async ({ out, host: hosts = [], force = false, json }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(serverFile);
      tell(terminal, { json }, { files: [await writeServer(folder, { authority: authorityOf(folder), hosts })] });
    });
}

function clientCommand(terminal: Terminal): Command {
  return new Command('client')
    .description('Issue a client certificate from the CA in the folder.')
    .addOption(outOption())
    .addOption(clientOption())
    .option('--p12', 'also write client.p12; its password is made here and shown once')
    .addOption(forceOption())
    .addOption(written.option())
    .addHelpText('after', '\nExample:\n  npx pushgate certs client --out data/certs --client linotp --p12')
    .action(async ({ out, client: name = '', p12 = false, force = false, json }: Wishes) => {
      const folder = openCertificateFolder(out, { force });
      folder.expectFree(clientFile, ...(p12 ? [p12File] : []));
      tell(terminal, { json }, await writeClient(folder, { authority: authorityOf(folder), name, p12 }));
    });
}

function authorityOf(folder: CertificateFolder): Issued {
  const authority = readAuthority(folder);
  if (authority) return authority;
  throw new CommandFailed(`there is no CA in ${folder.path('.')}. Make one with: npx pushgate certs ca --out ${folder.path('.')}`);
}

/** Creates a certificate authority. Returns it with its files. */
async function writeAuthority(folder: CertificateFolder): Promise<[Issued, ...Written[]]> {
  const authority = await createAuthority(folder);
  const [certificate, key] = authorityFiles;
  return [
    authority,
    { path: folder.path(certificate), what: 'the CA; give it to whoever shall trust these certificates' },
    { path: folder.path(key), what: 'its key; keep it here' },
  ];
}

async function writeServer(
  folder: CertificateFolder,
  { authority, hosts }: { authority: Issued; hosts: readonly string[] },
): Promise<Written> {
  folder.write(serverFile, inOneFile(await issueServerCertificate(authority, { hosts, now: Date.now() })));
  return { path: folder.path(serverFile), what: `certificate and key of the server ${hosts.join(', ')}` };
}

type ClientWish = { authority: Issued; name: string; p12: boolean };

async function writeClient(folder: CertificateFolder, { authority, name, p12 }: ClientWish): Promise<z.output<typeof written.schema>> {
  const issued = await issueClientCertificate(authority, { name, now: Date.now() });
  folder.write(clientFile, inOneFile(issued));
  const files = [{ path: folder.path(clientFile), what: `certificate and key of the client ${name}` }];
  if (!p12) return { files };
  const password = randomBytes(18).toString('base64url');
  folder.write(p12File, await exportPkcs12(issued, { authority, password }));
  return { files: [...files, { path: folder.path(p12File), what: 'the same as PKCS#12' }], password };
}
