import { z } from 'zod';
import type { ProviderDefinition } from '../provider-kit/index.ts';

const entry = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'a name has letters, digits, dot, underscore and dash')
    .describe('Name of the provider, as policies use it.'),
  default: z.boolean().default(false).describe('Used where neither a policy nor the token names one.'),
});

/** One provider of the config file: any of the catalog's kinds, each with its own strict `config`. */
export function providerConfig(catalog: readonly ProviderDefinition[]) {
  const options = catalog.map(({ kind, config }) =>
    entry.extend({ kind: z.literal(kind).describe('Kind of provider.'), config: config.describe('Settings of this kind.') }),
  );
  const kinds = catalog.map(({ kind }) => kind).join(', ');
  const [first, ...rest] = options;
  if (!first) throw new Error('the catalog of providers is empty');
  return z.discriminatedUnion('kind', [first, ...rest], {
    error: (issue) => (issue.code === 'invalid_union' ? `unknown kind of provider; kinds are ${kinds}` : undefined),
  });
}

/** A provider of the config file that was checked. */
export type ProviderEntry = z.output<ReturnType<typeof providerConfig>>;

/** Finds names that come twice and a second default. */
export function checkProviders(
  entries: readonly Pick<ProviderEntry, 'name' | 'default'>[],
): { path: PropertyKey[]; message: string; level: 'error' }[] {
  const problem = (path: PropertyKey[], message: string) => ({ path, message, level: 'error' as const });
  const defaults = entries.flatMap((provider, index) => (provider.default ? [index] : []));
  return [
    ...entries.flatMap(({ name }, index) =>
      entries.findIndex((other) => other.name === name) < index
        ? [problem([index, 'name'], `another provider is named "${name}" already`)]
        : [],
    ),
    ...defaults.slice(1).map((index) => problem([index, 'default'], 'another provider is the default already')),
  ];
}
