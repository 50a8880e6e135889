import type { ProviderDefinition } from '../src/delivery/provider-kit/index.ts';

/** A built-in kind of provider with its aliases; its folder is loaded when a configuration names it. */
type CatalogEntry = { names: readonly string[]; load: () => Promise<{ default: ProviderDefinition }> };

const entries: readonly CatalogEntry[] = [
  { names: ['poll-only'], load: () => import('./poll-only/provider.ts') },
  { names: ['apns'], load: () => import('./apns/provider.ts') },
  {
    names: [
      'challenge-service',
      'DefaultPushProvider',
      'linotp.provider.DefaultPushProvider',
      'linotp.lib.pushprovider.DefaultPushProvider',
    ],
    load: () => import('./challenge-service/provider.ts'),
  },
  { names: ['firebase'], load: () => import('./firebase/provider.ts') },
  { names: ['webhook'], load: () => import('./webhook/provider.ts') },
  { names: ['webpush'], load: () => import('./webpush/provider.ts') },
];

/** All names of built-in kinds. */
export const kindNames: readonly string[] = entries.flatMap(({ names }) => names);

/** Loads the built-in kinds with these names; all of them by default. */
export async function loadKinds(wanted: readonly string[] = kindNames): Promise<ProviderDefinition[]> {
  const named = entries.filter(({ names }) => names.some((name) => wanted.includes(name)));
  return Promise.all(named.map(async ({ load }) => (await load()).default));
}
