import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fakes } from '../../src/fakes/index.ts';
import { testAuthority } from './authority.ts';

/**
 * Files and parts of a configuration that serves a LinOTP over mutual TLS and delivers to phones through the fakes.
 * Paths are absolute.
 */
export async function relayParts(folder: string, fakes: Fakes) {
  const { authority, server, client } = await testAuthority();
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const ca = file('ca.pem', authority.certificate);
  const tls = { certificate: file('server.pem', server.certificate + server.key), clientCa: ca, clientCertificate: 'require' };
  const fcm = { service_account: { $file: file('fcm.json', fakes.fcm.serviceAccount) }, api_url: fakes.fcm.url, ca };
  const { key, keyId, teamId, topic, productionUrl, sandboxUrl } = fakes.apns;
  const apns = {
    key: { $file: file('apns.p8', key) },
    key_id: keyId,
    team_id: teamId,
    topic,
    production_url: productionUrl,
    sandbox_url: sandboxUrl,
  };
  const cs = {
    push_url: fakes.challengeService.urls,
    access_certificate: file('client.pem', client.certificate + client.key),
    server_certificate: ca,
  };
  return {
    linotp: { ca: authority.certificate, client },
    tls,
    providers: [
      { name: 'fcm', kind: 'firebase', default: true, config: fcm },
      { name: 'apns', kind: 'apns', config: { ...apns, ca } },
      { name: 'cs', kind: 'challenge-service', config: cs },
    ],
    authServers: [{ name: 'linotp', certificates: [{ subject: 'CN=linotp' }], mounts: ['/'] }],
  };
}
