import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { providerConfig } from '../delivery/registry/index.ts';
import { authServerConfig, trustedJwtConfig } from '../edge/access/index.ts';
import { keycloakConfig } from '../edge/dialects/keycloak-ciba/index.ts';
import { replySigningKey } from '../edge/formats/privacyidea/index.ts';
import { clientOverride, listenerConfig } from '../edge/http/index.ts';
import { webHookConfig } from '../engine/outbox/web-hooks/config.ts';
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

/** Installation-wide values. A setting that another server has keeps that server's name and unit. */
export const settingsConfig = z.strictObject({
  PushChallengeValidityTime: z.int().min(10).max(600).default(120).meta({
    description: "How long a phone has to answer. The policy push_validity_seconds overrides it. Name and unit are privacyIDEA's.",
    unit: 'seconds',
  }),
  EdupushChallengeValidityTime: z
    .int()
    .min(10)
    .max(600)
    .default(120)
    .meta({ description: "How long a phone with an edupush token has to answer. Name and unit are eduMFA's.", unit: 'seconds' }),
  PushChallengeFinalizeGrace: z.int().min(0).max(3600).default(300).meta({
    description: "How long an auth server has to finish a login after the phone has answered. Name and unit are privacyIDEA's.",
    unit: 'seconds',
  }),
  mobile_app_protocol_id: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]{0,31}$/, 'expected the scheme of a URL, such as lseqr')
    .default('lseqr')
    .describe("Scheme of the URLs in the QR codes for LinOTP's phones. The name is LinOTP's."),
  linotpVersion: z
    .string()
    .regex(/^\d+(\.[0-9A-Za-z]+)*$/, 'expected a version such as 4.0.0')
    .default('4.0.0')
    .describe('The version of LinOTP in replies to its clients and phones.'),
  linotpOfferLifeMs: z
    .int()
    .min(minute)
    .max(7 * 24 * 60 * minute)
    .default(60 * minute)
    .describe('How long an offered push token of LinOTP waits for its phone to pair.'),
  DefaultMaxFailCount: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe(
      `Number of failures after which a push token is locked until an administrator resets it. With lockout "source", logins go quiet instead. The name is privacyIDEA's.`,
    ),
  OverrideAuthorizationClient: clientOverride.default('').meta({
    description: "Proxies that may name the client's address for policies. The name and the syntax are privacyIDEA's.",
    examples: ['10.0.0.1 > 192.168.0.0/24, 172.16.0.0/16'],
  }),
  IncFailCountOnFalsePin: z.boolean().default(true).describe("A wrong PIN raises the fail count. The name is privacyIDEA's."),
  failcounter_clear_timeout: z
    .int()
    .min(0)
    .max(525_600)
    .default(0)
    .meta({
      description: `After this time a locked push token may be tried again. 0: never. It acts with lockout "token" only. Name and unit are privacyIDEA's.`,
      unit: 'minutes',
      examples: [10],
    }),
  lockout: z
    .enum(['token', 'source'])
    .default('token')
    .describe(
      'How failures are counted. token: per push token, as in privacyIDEA; an attacker who knows a user name can lock that user out. source: each client from which a phone accepted a login has its own count, and all other clients share one; past the limit logins go quiet, and no user is locked out.',
    ),
  deliveryDeadlineMs: z
    .int()
    .min(50)
    .max(30_000)
    .default(2000)
    .describe('The longest time that a login waits for delivery. The policy push_deadline_ms overrides it.'),
  rolloutRepeatMs: z
    .int()
    .min(0)
    .max(60 * minute)
    .default(10 * minute)
    .describe('How long a phone may repeat its rollout after it lost the reply.'),
  serverKeyBits: z
    .union([z.literal(2048), z.literal(3072), z.literal(4096)])
    .default(3072)
    .describe('Size of the RSA key that the gateway makes for each push token.'),
  serverKeyStock: z.int().min(1).max(10_000).default(16).describe('How many of these keys are kept in stock.'),
  sourceFailures: z
    .int()
    .min(1)
    .default(100)
    .describe(
      'Number of failures that one address (IPv6: one /64) may cause in a window before its requests are refused. Requests with a valid signature or key still pass.',
    ),
  sourceWindowMs: z
    .int()
    .min(1000)
    .default(10 * minute)
    .describe('Length of the window in which those failures are counted.'),
  connections: z
    .int()
    .min(16)
    .optional()
    .meta({
      description: 'How many connections one process accepts. Without it: as many as fit into a quarter of the memory at 64 KiB each.',
      examples: [10_000],
    }),
  connectionsPerNetwork: z
    .int()
    .min(0)
    .default(256)
    .describe(
      'How many connections one address (IPv6: one /64) may hold. Trusted proxies, networks of auth servers and this machine are exempt. 0: no limit.',
    ),
  halfSentRequests: z
    .int()
    .min(16)
    .default(1024)
    .describe('How many half-received requests one process holds. One more closes the oldest.'),
  adminTokenLifeMs: z
    .int()
    .min(minute)
    .default(60 * minute)
    .describe("How long an administrator's token is valid after the login."),
  drainMs: z
    .int()
    .min(0)
    .max(10 * minute)
    .default(10_000)
    .describe('How long open requests may still take after SIGTERM.'),
  responseSigningKey: replySigningKey
    .optional()
    .describe('RSA key (PEM) that signs every reply of privacyidea mounts. Without it replies are unsigned.'),
  auditKeepDays: keptDays.default(400).describe('How long audit entries keep their content. 0: for good. Their hashes always stay.'),
  auditKeepDaysByKind: z
    .partialRecord(auditKind, keptDays)
    .default({})
    .meta({ description: 'How long audit entries of single kinds keep their content.', examples: [{ 'push-delivered': 30 }] }),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('The lowest level that is logged.'),
  traces: z
    .boolean()
    .default(false)
    .describe('Records OpenTelemetry traces, by the SDK that is registered in the process (docs/operations.md).'),
  logNames: z
    .enum(['clear', 'pseudonyms'])
    .default('clear')
    .describe('How the log shows names of users and administrators: in the clear, or as keyed hashes (npx pushgate log-name).'),
});

/** The number of processes that serve the listeners. */
const clusterConfig = z.strictObject({
  workers: z
    .union([z.int().min(1).max(256), z.literal('all')])
    .default(1)
    .describe('How many processes share the listeners. "all": one per core. More than one needs MongoDB.'),
});

/**
 * The whole configuration file, for these kinds of provider. Every part brings its own schema; an unknown key is an
 * error.
 */
export const configSchemaOf = (catalog: Catalog) =>
  z.strictObject({
    $schema: z
      .string()
      .optional()
      .meta({ description: 'Path of the JSON Schema, for editors. The gateway ignores it.', examples: ['schema.json'] }),
    listeners: z
      .array(listenerConfig.extend({ mounts: z.array(mountConfig).min(1).describe('What this listener serves, path by path.') }))
      .min(1)
      .describe('Addresses that the gateway listens on.'),
    store: z
      .discriminatedUnion('kind', [embeddedStoreConfig, mongodbStoreConfig])
      .meta({ description: 'Where push tokens and challenges are stored.', examples: [{ kind: 'embedded', path: 'data/pushgate.db' }] }),
    cluster: clusterConfig.prefault({}).describe('How many processes run on this machine.'),
    keyring: secretReference.meta({
      description: 'The keys that encrypt every secret in the store: a JSON file with 32-byte keys and their ids.',
      examples: [{ $file: 'data/keyring.json' }],
    }),
    authServers: z
      .array(authServerConfig)
      .default([])
      .describe('Auth servers that may call. Without any entry, every program on this machine may.'),
    trustedJwts: z.array(trustedJwtConfig).default([]).describe("Issuers whose JWTs are accepted, as in privacyIDEA's PI_TRUSTED_JWT."),
    keycloaks: z
      .array(keycloakConfig)
      .default([])
      .describe("Realms of Keycloak that ask this gateway to authenticate users, over Keycloak's HTTP channel for CIBA."),
    realms: z.array(realmConfig).default([]).describe('Realms: the groups of users that auth servers name.'),
    userSources: z
      .array(userSourceConfig)
      .default([])
      .describe('User sources of the realms: files or LDAP directories. Other servers call one a resolver.'),
    radiusServers: z.array(radiusServerConfig).default([]).describe('RADIUS services that may check a password, by the policy passthru.'),
    webHooks: z.array(webHookConfig).default([]).describe('Servers that get the events of logins (docs/webhooks.md).'),
    plugins: pluginsConfig,
    providers: z.array(providerConfig(catalog)).default([]).describe('Services that deliver pushes to phones.'),
    policies: z.array(ruleConfig).default([]).describe('Rules in order. For each action the first matching rule decides.'),
    settings: settingsConfig.prefault({}).describe('Values for the whole installation.'),
  });

/** The checked configuration, frozen; the only source of settings. */
export type Config = Readonly<z.output<ReturnType<typeof configSchemaOf>>>;

/** The number of processes that serve the listeners. */
export const workersOf = ({ cluster: { workers } }: Pick<Config, 'cluster'>): number =>
  workers === 'all' ? availableParallelism() : workers;
