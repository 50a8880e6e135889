import { z } from 'zod';
import type { Clock } from '../../foundation/model/index.ts';
import { oneOrMany, secret } from '../../foundation/settings/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { openRadius, type Radius } from '../../foundation/wire/index.ts';
import { openSourceWatch, type SourceWatch } from './source-watch.ts';
import type { WithoutSlot } from './user-source.ts';

const server = z.string().refine(isServer, 'expected a host, host:port or [IPv6 address]:port');

/** One RADIUS service of the configuration file. */
export const radiusServerConfig = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .meta({ description: 'Name of the service, as the policy passthru uses it.', examples: ['old-otp'] }),
  servers: oneOrMany(server).meta({
    description: 'Servers that know the same users, tried in order: host, host:port or [IPv6 address]:port. The usual port is 1812.',
    examples: [['radius1.example', 'radius2.example:1645']],
  }),
  secret: secret.describe('The secret that these servers share with the gateway.'),
  timeoutMs: z.int().min(50).max(60_000).default(2000).describe('How long to wait for a reply before the request is sent again.'),
  retries: z.int().min(0).max(10).default(1).describe('How often a request is sent again before the next server is asked.'),
  requireMessageAuthenticator: z
    .boolean()
    .default(true)
    .describe('Accept only replies with a Message-Authenticator. Replies without it can be forged on the network (BlastRADIUS).'),
  nasIdentifier: z.string().min(1).max(64).default('pushgate').describe('The NAS-Identifier that the gateway sends.'),
});

/** RADIUS services by name. */
export type RadiusServers = ReadonlyMap<string, Radius>;

/**
 * Makes the RADIUS clients of a configuration. They connect nothing and need no closing. With `metrics`, each is
 * watched as a source of kind `radius`.
 */
export function openRadiusServers(
  services: readonly z.output<typeof radiusServerConfig>[],
  { clock, metrics, withoutSlot }: { clock: Clock; metrics?: Metrics | undefined; withoutSlot?: WithoutSlot | undefined },
): RadiusServers {
  return new Map(
    services.map(({ name, ...options }) => [
      name,
      watched(openRadius({ ...options, clock }), openSourceWatch(metrics, { name, kind: 'radius' }), withoutSlot),
    ]),
  );
}

function watched({ authenticate }: Radius, { timed, failed }: SourceWatch, withoutSlot: WithoutSlot = (work) => work()): Radius {
  return {
    authenticate: (...question) =>
      withoutSlot(async () => {
        const outcome = await timed(
          () => authenticate(...question),
          ({ kind }) => kind === 'unavailable',
          'answers-prove',
        );
        if (outcome.kind === 'unavailable') failed(outcome.reason);
        return outcome;
      }),
  };
}

function isServer(text: string): boolean {
  const url = URL.parse(`radius://${text}`);
  return url !== null && url.hostname !== '' && url.port !== '0' && url.host === text;
}
