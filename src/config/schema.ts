import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { providerConfig } from '../delivery/registry/index.ts';
import { authServerConfig, trustedJwtConfig } from '../edge/access/index.ts';
import { replySigningKey } from '../edge/formats/privacyidea/index.ts';
import { clientOverride, listenerConfig } from '../edge/http/index.ts';
import { radiusServerConfig, realmConfig, userSourceConfig } from '../engine/users/index.ts';
import { auditKinds, isOfAudit } from '../foundation/model/index.ts';
import { ruleConfig } from '../policy/index.ts';
import { embeddedStoreConfig } from '../store/embedded/config.ts';
import { mongodbStoreConfig } from '../store/mongodb/config.ts';
import { mountConfig } from './mounts.ts';
import { type Catalog, pluginsConfig } from './plugins.ts';
import { secretReference } from './secrets.ts';

const minute = 60_000;

const keptDays = z.int().min(0).max(36_500);
const auditKind = z.enum(auditKinds.filter((kind) => !isOfAudit(kind)));

/** Installation-wide values. Those that another server has under a name keep that name and its unit. */
export const settingsConfig = z.strictObject({
  PushChallengeValidityTime: z
    .int()
    .min(10)
    .max(600)
    .default(120)
    .describe('Seconds a phone has to answer, where no policy says otherwise (privacyIDEA).'),
  EdupushChallengeValidityTime: z.int().min(10).max(600).default(120).describe('The same for edupush tokens (eduMFA).'),
  PushChallengeFinalizeGrace: z
    .int()
    .min(0)
    .max(3600)
    .default(300)
    .describe('Seconds an auth server has to finish after an answer (privacyIDEA).'),
  mobile_app_protocol_id: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]{0,31}$/, 'expected the scheme of a URL, such as lseqr')
    .default('lseqr')
    .describe("Scheme of the URLs for LinOTP's phones (LinOTP)."),
  linotpVersion: z
    .string()
    .regex(/^\d+(\.[0-9A-Za-z]+)*$/, 'expected a version such as 4.0.0')
    .default('4.0.0')
    .describe('The version of LinOTP that replies to its clients and phones name.'),
  linotpOfferLifeMs: z
    .int()
    .min(minute)
    .max(7 * 24 * 60 * minute)
    .default(60 * minute)
    .describe('How long a push token of LinOTP that was offered waits for its phone to pair.'),
  DefaultMaxFailCount: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe(
      'Failures after which a push token is of no use until it is reset (privacyIDEA), or, with lockout "source", logins are quiet.',
    ),
  OverrideAuthorizationClient: clientOverride
    .default('')
    .describe('Proxies that may name the address of the user: 10.0.0.1 > 192.168.0.0/24, 172.16.0.0/16 (privacyIDEA).'),
  IncFailCountOnFalsePin: z.boolean().default(true).describe('A wrong PIN raises the fail count (privacyIDEA).'),
  failcounter_clear_timeout: z
    .int()
    .min(0)
    .max(525_600)
    .default(0)
    .describe(
      'Minutes after which a push token that failed too often may be tried again; 0: never. Only with lockout "token" (privacyIDEA).',
    ),
  lockout: z
    .enum(['token', 'source'])
    .default('token')
    .describe(
      'How failures count. token: per push token, as in privacyIDEA; whoever knows a name can lock its user out. source: a client from which a phone accepted logins has a count of its own, all others share one; past the limit logins are quiet, and nobody is locked out.',
    ),
  deliveryDeadlineMs: z
    .int()
    .min(50)
    .max(30_000)
    .default(2000)
    .describe('Longest time that a login waits for delivery, where no policy says otherwise.'),
  rolloutRepeatMs: z
    .int()
    .min(0)
    .max(60 * minute)
    .default(10 * minute)
    .describe('How long a phone that lost the reply may repeat its rollout.'),
  serverKeyBits: z
    .union([z.literal(2048), z.literal(3072), z.literal(4096)])
    .default(3072)
    .describe('Size of the RSA key that each push token gets at the gateway.'),
  serverKeyStock: z.int().min(1).max(10_000).default(16).describe('How many of these keys are made ahead of need.'),
  sourceFailures: z
    .int()
    .min(1)
    .default(100)
    .describe(
      'Failures that one address (IPv6: one /64) may cause in a window before it is turned away; right signatures and keys never are.',
    ),
  sourceWindowMs: z
    .int()
    .min(1000)
    .default(10 * minute)
    .describe('Length of that window.'),
  connections: z
    .int()
    .min(16)
    .optional()
    .describe('Connections that one process takes; without it, as many as fit into a quarter of the memory at 64 KiB each.'),
  connectionsPerNetwork: z
    .int()
    .min(0)
    .default(256)
    .describe(
      'Connections from one address (IPv6: one /64) that is no trusted proxy, in no network of an auth server and not this machine; 0: no such limit.',
    ),
  halfSentRequests: z
    .int()
    .min(16)
    .default(1024)
    .describe('Requests of one process, whoever sends them, that have begun and are not whole yet; one more ends the oldest.'),
  adminTokenLifeMs: z
    .int()
    .min(minute)
    .default(60 * minute)
    .describe('How long the token of a logged-in administrator is good for.'),
  drainMs: z
    .int()
    .min(0)
    .max(10 * minute)
    .default(10_000)
    .describe('How long requests under way may take after SIGTERM.'),
  responseSigningKey: replySigningKey
    .optional()
    .describe('RSA key that signs every reply of privacyidea mounts (PEM); without it none is signed.'),
  auditKeepDays: keptDays.default(400).describe('Days that entries of the audit keep what they say; 0: for good. Their hashes stay.'),
  auditKeepDaysByKind: z
    .partialRecord(auditKind, keptDays)
    .default({})
    .describe('The same for single kinds of entries, such as { "push-delivered": 30 }.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Lowest level that is logged.'),
  traces: z
    .boolean()
    .default(false)
    .describe('Traces by OpenTelemetry, through the SDK that is registered in the process (docs/operations.md).'),
  logNames: z
    .enum(['clear', 'pseudonyms'])
    .default('clear')
    .describe('How names of users and administrators stand in the log: as they are, or as keyed hashes (npx pushgate log-name).'),
});

/** How many processes serve the listeners. */
const clusterConfig = z.strictObject({
  workers: z
    .union([z.int().min(1).max(256), z.literal('all')])
    .default(1)
    .describe('How many processes share the listeners; "all": one per core. More than one need MongoDB.'),
});

/** The whole configuration file, for these kinds of provider. Every part brings its own schema; an unknown key is an error. */
export const configSchemaOf = (catalog: Catalog) =>
  z.strictObject({
    $schema: z.string().optional().describe('Path of the JSON Schema, for editors.'),
    listeners: z
      .array(listenerConfig.extend({ mounts: z.array(mountConfig).min(1).describe('What the paths of this listener serve.') }))
      .min(1)
      .describe('Addresses the gateway listens on.'),
    store: z.discriminatedUnion('kind', [embeddedStoreConfig, mongodbStoreConfig]).describe('Where tokens and challenges live.'),
    cluster: clusterConfig.prefault({}).describe('Several processes on one machine.'),
    keyring: secretReference.describe('The keys that seal every secret in the store: 32-byte keys with ids, as JSON.'),
    authServers: z.array(authServerConfig).default([]).describe('Who may call. Without any, whoever calls from this machine.'),
    trustedJwts: z.array(trustedJwtConfig).default([]).describe("JWTs of other issuers that are taken, as privacyIDEA's PI_TRUSTED_JWT."),
    realms: z.array(realmConfig).default([]).describe('Names under which users are known.'),
    userSources: z.array(userSourceConfig).default([]).describe('Where the users of realms come from: files, LDAP directories.'),
    radiusServers: z.array(radiusServerConfig).default([]).describe('RADIUS services that a policy may hand a login on to.'),
    plugins: pluginsConfig,
    providers: z.array(providerConfig(catalog)).default([]).describe('Ways to reach phones.'),
    policies: z.array(ruleConfig).default([]).describe('Rules in order; for each action the first one that matches decides.'),
    settings: settingsConfig.prefault({}).describe('Installation-wide values.'),
  });

/** The checked configuration, frozen; the only source of settings. */
export type Config = Readonly<z.output<ReturnType<typeof configSchemaOf>>>;

/** How many processes serve the listeners. */
export const workersOf = ({ cluster: { workers } }: Pick<Config, 'cluster'>): number =>
  workers === 'all' ? availableParallelism() : workers;
