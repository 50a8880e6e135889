import { z } from 'zod';
import type { ProviderDefinition } from '../provider-kit/index.ts';
import type { GuardLimits } from './guard.ts';

/** Default limits of a provider's guard. */
export const guardDefaults: GuardLimits = { maxInFlight: 256, maxQueue: 1024, breakerFailures: 5, breakerOpenMs: 10_000 };

const entry = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .meta({ description: 'Name of the provider, as policies use it.', examples: ['fcm-corp'] }),
  default: z.boolean().default(false).describe('Whether this provider is used when neither a policy nor the push token names one.'),
  maxInFlight: z.int().min(1).default(guardDefaults.maxInFlight).describe('How many pushes may be under way at once.'),
  maxQueue: z.int().min(0).default(guardDefaults.maxQueue).describe('How many more pushes may wait.'),
  breakerFailures: z
    .int()
    .min(1)
    .default(guardDefaults.breakerFailures)
    .describe('Number of failures in a row that open the breaker of the provider.'),
  breakerOpenMs: z
    .int()
    .min(100)
    .default(guardDefaults.breakerOpenMs)
    .describe('How long the breaker stays open before one push tries the provider again.'),
});

/** One provider of the configuration file: any kind of the catalog, each with its own strict `config`. */
export function providerConfig(catalog: readonly ProviderDefinition[]) {
  const options = catalog.flatMap(({ kind, aliases = [], config }) =>
    [kind, ...aliases].map((name) =>
      entry.extend({
        kind: z.literal(name).describe("Kind of provider (docs/providers.md). LinOTP's names for challenge-service work too."),
        config: config.describe(`Settings of a provider of kind ${kind}.`),
      }),
    ),
  );
  const kinds = catalog.map(({ kind }) => kind).join(', ');
  const [first, ...rest] = options;
  if (!first) throw new Error('the catalog of providers is empty');
  return z.discriminatedUnion('kind', [first, ...rest], {
    error: (issue) => (issue.code === 'invalid_union' ? `unknown kind of provider; kinds are ${kinds}` : undefined),
  });
}

/** A checked provider entry of the configuration file. */
export type ProviderEntry = z.output<ReturnType<typeof providerConfig>>;

/**
 * The definition of a kind, also by alias. Throws when the catalog has none, which means that the configuration was not
 * checked against it.
 */
export function definitionOf(catalog: readonly ProviderDefinition[], kind: string): ProviderDefinition {
  const definition = catalog.find((each) => each.kind === kind || each.aliases?.includes(kind));
  if (!definition) throw new Error(`no provider of kind ${kind} is in the catalog`);
  return definition;
}

/** The facts about the configured providers that rules need. */
export const knownProviders = (entries: readonly ProviderEntry[], catalog: readonly ProviderDefinition[]) =>
  entries.map(({ name, kind, config }) => {
    const { addresses, needsPolling } = definitionOf(catalog, kind);
    return { name, addresses, needsPolling: needsPolling?.(config) ?? false };
  });

/** Finds duplicate names and a second default. */
export function checkProviders(
  entries: readonly Pick<ProviderEntry, 'name' | 'default'>[],
): { path: PropertyKey[]; message: string; level: 'error' }[] {
  const problem = (path: PropertyKey[], message: string) => ({ path, message, level: 'error' as const });
  const defaults = entries.flatMap((provider, index) => (provider.default ? [index] : []));
  return [
    ...entries.flatMap(({ name }, index) =>
      entries.findIndex((other) => other.name === name) < index
        ? [problem([index, 'name'], `another provider already has the name "${name}"`)]
        : [],
    ),
    ...defaults.slice(1).map((index) => problem([index, 'default'], 'another provider is already the default')),
  ];
}
