import { z } from 'zod';
import { ok, type Result, refused } from '../../foundation/model/index.ts';
import { networkField } from '../../foundation/settings/index.ts';
import { isInNetwork, readNetworks } from '../../foundation/wire/networks.ts';
import { apiKey } from './api-keys.ts';
import { certificateConfig, isCertificate, type ShownCertificate } from './certificates.ts';
import { hmacKey } from './signed-requests.ts';

const mount = z.union([
  z.string(),
  z.strictObject({
    listener: z.string().describe('Name of the listener.'),
    path: z.string().describe('Path of a mount of that listener.'),
  }),
]);

const secondDecoding = z.enum(['by-user-agent', 'always', 'never']);

/**
 * Whether the values of a caller's forms, queries and paths are percent-decoded a second time: always, never, or
 * depending on its User-Agent.
 */
export type SecondDecoding = z.output<typeof secondDecoding>;

/** One auth server of the configuration: how it is recognised, and what it may do. */
export const authServerConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .describe('Name of the auth server: owner of its transactions, label in metrics.'),
  networks: z.array(networkField).default([]).describe('Networks its requests come from.'),
  certificates: z.array(certificateConfig).default([]).describe('Client certificates that it shows; they beat everything else.'),
  mounts: z
    .array(mount)
    .min(1)
    .describe('Mounts it may call: a path, which counts at every listener that has a mount there, or listener and path.'),
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
  secondDecoding: secondDecoding
    .default('by-user-agent')
    .describe(
      'Whether its values are percent-decoded a second time at privacyidea mounts: "by-user-agent", as privacyIDEA and eduMFA do; "never" for a client that encodes once, "always" for one that encodes twice.',
    ),
});

/** One parsed auth server of the configuration. */
export type AuthServerConfig = z.output<typeof authServerConfig>;

/** An auth server at one listener: `mounts` are the paths that it may call there. */
export type AuthServer = Omit<AuthServerConfig, 'mounts'> & { mounts: readonly string[] };

/** An auth server at the listener of this name; undefined for an unnamed listener. */
export const authServerAt = ({ mounts, ...server }: AuthServerConfig, listener: string | undefined): AuthServer => ({
  ...server,
  mounts: mounts.flatMap((each) => (typeof each === 'string' ? [each] : each.listener === listener ? [each.path] : [])),
});

/** The default auth server of a configuration without any: every caller on this machine. */
export const localServer = (mounts: readonly string[]): AuthServer => ({
  name: 'local',
  networks: ['127.0.0.0/8', '::1/128'],
  certificates: [],
  mounts: [...mounts],
  accounts: [],
  apiKeys: [],
  hmacKeys: [],
  rights: ['trigger', 'check', 'poll'],
  secondDecoding: 'by-user-agent',
});

/**
 * What is known of a caller: its address (undefined when a proxy sent an unreadable one), the path of the mount, the
 * auth server of its credential, the administrator of its token, and its client certificate, trusted or not.
 */
export type CallerFacts = {
  address: string | undefined;
  mount: string;
  shown?: string | undefined;
  account?: string | undefined;
  certificate?: ShownCertificate | undefined;
};

/**
 * Why no auth server is recognised: no credential or network matches, or the client certificate belongs to no entry.
 */
export type Unrecognised = 'unknown-caller' | 'unknown-certificate';

/** Whether an auth server lists this client certificate. */
export const isKnownByCertificate = ({ certificates }: AuthServer, shown: ShownCertificate | undefined): boolean =>
  shown !== undefined && certificates.some((each) => isCertificate(each, shown));

/** Whether an address is in a network of an auth server that this administrator acts for. */
export const isOwnNetwork = (servers: readonly AuthServer[], account: string, address: string | undefined): boolean =>
  address !== undefined &&
  servers.some(({ accounts, networks }) => accounts.includes(account) && readNetworks(networks).some((each) => isInNetwork(address, each)));

/**
 * Recognises callers: by a listed client certificate, else by a credential, else by the administrator's account, else
 * by network. A certificate that no auth server lists excludes recognition by network, since its holder is a different
 * client.
 */
export function openAuthServers(servers: readonly AuthServer[]): (facts: CallerFacts) => Result<AuthServer, Unrecognised> {
  const known = servers.map((server) => ({ server, networks: readNetworks(server.networks) }));
  const byIdentity = ({ shown, account, certificate }: CallerFacts): AuthServer | undefined =>
    servers.find((server) => isKnownByCertificate(server, certificate)) ??
    servers.find(({ name, accounts }) => (shown === undefined ? account !== undefined && accounts.includes(account) : name === shown));
  const byNetwork = ({ address, mount }: CallerFacts): AuthServer | undefined =>
    address === undefined
      ? undefined
      : known.find(({ server, networks }) => server.mounts.includes(mount) && networks.some((network) => isInNetwork(address, network)))
          ?.server;
  return (facts) => {
    const named = byIdentity(facts);
    if (named || facts.shown !== undefined) return named?.mounts.includes(facts.mount) ? ok(named) : refused('unknown-caller');
    if (facts.certificate) return refused('unknown-certificate');
    const here = byNetwork(facts);
    return here ? ok(here) : refused('unknown-caller');
  };
}
