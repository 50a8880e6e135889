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
    listener: z.string().meta({ description: 'Name of the listener.', examples: ['internal'] }),
    path: z.string().meta({ description: 'Path of a mount of that listener.', examples: ['/'] }),
  }),
]);

/** What an auth server may do. */
export const authServerRights = [
  'trigger',
  'check',
  'poll',
  'deliver',
  'tokens',
  'providers',
  'policies',
  'limits',
  'audit',
  'erase',
] as const;
/** One of them. */
export type AuthServerRight = (typeof authServerRights)[number];

const usualRights: AuthServerRight[] = ['trigger', 'check', 'poll'];

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
    .meta({ description: 'Name of the auth server. It owns its transactions and is a label in metrics.', examples: ['vpn'] }),
  networks: z
    .array(networkField)
    .default([])
    .meta({ description: 'Networks that its requests come from.', examples: [['10.0.0.0/8']] }),
  certificates: z
    .array(certificateConfig)
    .default([])
    .meta({
      description: 'Client certificates that identify it. They beat API keys, accounts and networks.',
      examples: [[{ subject: 'CN=linotp' }]],
    }),
  mounts: z
    .array(mount)
    .min(1)
    .meta({
      description: 'Mounts that it may call: a path, which means that path on every listener, or a listener and a path.',
      examples: [['/', { listener: 'internal', path: '/edumfa' }]],
    }),
  realms: z
    .array(z.string())
    .optional()
    .meta({ description: 'Realms whose users it may ask for. Without it: all.', examples: [['corp']] }),
  accounts: z
    .array(z.string())
    .default([])
    .meta({
      description: 'Administrators that act for it. Their tokens identify this auth server from any address.',
      examples: [['trigger-admin']],
    }),
  apiKeys: z
    .array(apiKey)
    .default([])
    .describe('API keys that identify it. Each secret is the key itself, or "sha256:" and its hash in hex.'),
  hmacKeys: z.array(hmacKey).default([]).describe('Keys that it may sign its requests with (HMAC-SHA256).'),
  rights: z
    .array(z.enum(authServerRights))
    .default(usualRights)
    .describe(
      'What it may do, for its realms: start challenges (trigger), check logins (check), poll for the result (poll). The others are for rest mounts: push payloads of its own (deliver), manage push tokens (tokens), check providers (providers), explain policies (policies), see and clear limits (limits), read the audit (audit), erase people from it (erase).',
    ),
  returnUrls: z
    .array(z.url({ protocol: /^https?$/ }).max(1024))
    .default([])
    .meta({
      description: 'Where the waiting page of a rest mount may send the user back to. A request names one of these, letter by letter.',
      examples: [['https://shop.example/login/done']],
    }),
  secondDecoding: secondDecoding
    .default('by-user-agent')
    .describe(
      'Whether privacyidea mounts percent-decode its values twice. by-user-agent: as privacyIDEA and eduMFA do. never: for a client that encodes once. always: for a client that encodes twice.',
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
  rights: usualRights,
  returnUrls: [],
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
