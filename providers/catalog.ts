import type { ProviderDefinition } from '../src/delivery/provider-kit/index.ts';

/** A kind of provider that comes along, with its other names; its folder is loaded when a configuration names it. */
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

/** All names of the kinds that come along. */
export const kindNames: readonly string[] = entries.flatMap(({ names }) => names);

/** Loads the kinds that come along and have one of these names; all of them without any. */
export async function loadKinds(wanted: readonly string[] = kindNames): Promise<ProviderDefinition[]> {
  const named = entries.filter(({ names }) => names.some((name) => wanted.includes(name)));
  return Promise.all(named.map(async ({ load }) => (await load()).default));
}
