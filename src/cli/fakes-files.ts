import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { type Fakes, type FakesOptions, fakeServiceAccount } from '../fakes/index.ts';
import { type Issued, issueClientCertificate, issueServerCertificate } from '../foundation/crypto/index.ts';
import { parseJson, record } from '../foundation/model/index.ts';
import {
  type CertificateFolder,
  createAuthority,
  inOneFile,
  openCertificateFolder,
  outOfOneFile,
  readAuthority,
} from './certificate-files.ts';
import { CommandFailed } from './terminal.ts';

const clientFile = 'client.pem';
const serviceAccountFile = 'service-account.json';
const apnsKeyFile = 'apns-key.p8';

// The last two serve Google's own client, when a proxy redirects it here.
const hosts = ['localhost', '127.0.0.1', '::1', 'oauth2.googleapis.com', 'fcm.googleapis.com'];

/**
 * The options that start the fakes, read from a folder. Missing files are created, so that a second start has the same
 * keys. Throws `CommandFailed` for a folder that holds keys of real services.
 * @param host another host name for the servers' certificates
 */
export async function fakesMaterial(out: string, host?: string): Promise<Pick<FakesOptions, 'tls' | 'client' | 'keys'>> {
  const folder = openCertificateFolder(out, { force: false });
  const keys = knownKeys(folder);
  const now = Date.now();
  const known = readAuthority(folder);
  const authority = known ?? (await createAuthority(folder));
  const server = await issueServerCertificate(authority, { hosts: host === undefined ? hosts : [...hosts, host], now });
  const client = (known && knownClient(folder, now)) ?? (await newClient(folder, authority, now));
  return { tls: { ...server, ca: authority.certificate }, client, keys };
}

function knownKeys(folder: CertificateFolder): { serviceAccount?: string; apns?: string } {
  const [account, apns] = [folder.read(serviceAccountFile), folder.read(apnsKeyFile)];
  if (account === undefined && apns === undefined) return {};
  const { client_email: email, private_key: serviceAccount } = record(parseJson(account ?? ''));
  if (email !== fakeServiceAccount || typeof serviceAccount !== 'string' || apns === undefined)
    throw new CommandFailed(`${folder.path('.')} holds keys that are not those of the fakes. Name another folder with --out.`);
  return { serviceAccount, apns };
}

function knownClient(folder: CertificateFolder, now: number): Issued | undefined {
  const issued = outOfOneFile(folder.read(clientFile) ?? '');
  return issued && Date.parse(new X509Certificate(issued.certificate).validTo) > now ? issued : undefined;
}

async function newClient(folder: CertificateFolder, authority: Issued, now: number): Promise<Issued> {
  const client = await issueClientCertificate(authority, { name: 'pushgate', now });
  folder.write(clientFile, inOneFile(client));
  return client;
}

/** Writes the files that clients of the fakes need. Returns the `providers` of a configuration that uses them. */
export function writeFakes(out: string, { fcm, apns, challengeService }: Fakes): object[] {
  const folder = openCertificateFolder(out, { force: true });
  folder.write(serviceAccountFile, fcm.serviceAccount);
  folder.write(apnsKeyFile, apns.key);
  const path = (file: string): string => resolve(folder.path(file));
  const ca = path('ca.pem');
  const apnsConfig = {
    key: { $file: path(apnsKeyFile) },
    key_id: apns.keyId,
    team_id: apns.teamId,
    topic: apns.topic,
    production_url: apns.productionUrl,
    sandbox_url: apns.sandboxUrl,
    ca,
  };
  const challengeConfig = { push_url: challengeService.urls, access_certificate: path(clientFile), server_certificate: ca };
  return [
    { name: 'fcm', kind: 'firebase', config: { service_account: { $file: path(serviceAccountFile) }, api_url: fcm.url, ca } },
    { name: 'apns', kind: 'apns', config: apnsConfig },
    { name: 'cs', kind: 'challenge-service', config: challengeConfig },
  ];
}
