import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { apiKey } from './api-keys.ts';
import { type CertificateFacts, certificateConfig, isCertificate } from './certificates.ts';
import { hmacKey } from './signed-requests.ts';

const network = z.string().refine(isNetwork, 'expected a network such as 10.0.0.0/8 or 2001:db8::/32');

/** One auth server of the config file: who may call, how it is known, and what it may do. */
export const authServerConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .describe('Name of the auth server: owner of its transactions, label in metrics.'),
  networks: z.array(network).default([]).describe('Networks its requests come from.'),
  certificates: z.array(certificateConfig).default([]).describe('Client certificates that it shows; they beat everything else.'),
  mounts: z.array(z.string()).min(1).describe('Paths of the mounts it may call.'),
  realms: z.array(z.string()).optional().describe('Realms whose users it may ask for; all when absent.'),
  accounts: z
    .array(z.string())
    .default([])
    .describe('Administrators that act for it: their tokens are taken for this auth server from any address.'),
  apiKeys: z.array(apiKey).default([]).describe('API keys that it may show: each the key itself, or sha256: and its hash in hex.'),
  hmacKeys: z.array(hmacKey).default([]).describe('Keys by which it signs its requests.'),
  rights: z
    .array(z.enum(['trigger', 'check', 'poll']))
    .default(['trigger', 'check', 'poll'])
    .describe('What it may do.'),
});

/** A caller that was recognised. */
export type AuthServer = z.output<typeof authServerConfig>;

/** Whether an auth server may ask for the users of a realm. */
export const mayAskFor = ({ realms }: AuthServer, realm: string): boolean => realms === undefined || realms.includes(realm);

/** The one auth server of a configuration that names none: whoever calls from this machine. */
export const localServer = (mounts: readonly string[]): AuthServer => ({
  name: 'local',
  networks: ['127.0.0.0/8', '::1/128'],
  certificates: [],
  mounts: [...mounts],
  accounts: [],
  apiKeys: [],
  hmacKeys: [],
  rights: ['trigger', 'check', 'poll'],
});

/**
 * What is known of a caller: its address as it counts, the path of the mount it called, the auth server whose credential it showed, the
 * administrator it logged in as, and its client certificate, if that was verified.
 */
export type CallerFacts = {
  address: string;
  mount: string;
  shown?: string;
  account?: string;
  certificate?: CertificateFacts | undefined;
};

/**
 * Recognises callers: by client certificate where an auth server lists it, else by a credential, else by the administrator's account where one lists it,
 * else by network. Undefined: nobody we know.
 */
export function openAuthServers(servers: readonly AuthServer[]): (facts: CallerFacts) => AuthServer | undefined {
  const known = servers.map((server) => ({ server, networks: server.networks.map((text) => ipaddr.parseCIDR(text)) }));
  return ({ address, mount, shown, account, certificate }) => {
    const byCertificate = certificate && servers.find(({ certificates }) => certificates.some((each) => isCertificate(each, certificate)));
    if (byCertificate) return byCertificate.mounts.includes(mount) ? byCertificate : undefined;
    if (shown !== undefined) return servers.find(({ name, mounts }) => name === shown && mounts.includes(mount));
    const byAccount = account === undefined ? undefined : known.find(({ server }) => server.accounts.includes(account));
    if (byAccount) return byAccount.server.mounts.includes(mount) ? byAccount.server : undefined;
    if (!ipaddr.isValid(address)) return undefined;
    const ip = ipaddr.process(address);
    const holds = (networks: readonly ReturnType<typeof ipaddr.parseCIDR>[]) =>
      networks.some(([range, bits]) => range.kind() === ip.kind() && ip.match(range, bits));
    return known.find(({ server, networks }) => server.mounts.includes(mount) && holds(networks))?.server;
  };
}

function isNetwork(text: string): boolean {
  return ipaddr.isValidCIDR(text);
}
