import { type Clock, type DeviceAddress, pollOnlyProvider } from '../../foundation/model/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import type { AddressKind, OpenProvider, ProviderDefinition } from '../provider-kit/index.ts';
import type { ProviderEntry } from './config.ts';
import { type Delivery, type OutgoingPush, type Steps, walk } from './walk.ts';

/** Providers in the order they are tried, and one deadline for all (ms). */
export type Plan = { providers: readonly string[]; deadlineMs: number };

/** The providers that are open. */
export type Registry = {
  /** The provider for whom neither a policy nor the token names one; undefined where none is marked so. */
  defaultName(): string | undefined;
  /** Walks a plan until one provider takes the push. Never throws for what a provider or the wire does. */
  deliver(plan: Plan, push: OutgoingPush): Promise<Delivery>;
  /** Whether a push could be handed to anybody. */
  ready(): boolean;
  close(): Promise<void>;
};

/** What the registry opens, and where it tells what happens. */
export type RegistryOptions = {
  providers: readonly ProviderEntry[];
  catalog: readonly ProviderDefinition[];
  log: Log;
  metrics: Metrics;
  clock: Clock;
};

/** An open provider with what the walk has to know of it. */
export type NamedProvider = { name: string; addresses: readonly AddressKind[]; provider: OpenProvider };

/** Opens every configured provider. */
export async function openRegistry({ providers, catalog, log, metrics }: RegistryOptions): Promise<Registry> {
  const open = new Map<string, NamedProvider>();
  const openOne = async (name: string, kind: string, config: unknown): Promise<void> => {
    const definition = catalog.find((each) => each.kind === kind);
    if (!definition) throw new Error(`no provider of kind ${kind} is in the catalog`);
    open.set(name, { name, addresses: definition.addresses, provider: await definition.open(definition.config.parse(config)) });
  };
  for (const { name, kind, config } of providers) await openOne(name, kind, config);
  // What privacyIDEA records for tokens that only poll works without being configured.
  await openOne(pollOnlyProvider, 'poll-only', {});
  return {
    defaultName: () => providers.find((provider) => provider.default)?.name,
    async deliver({ providers: names, deadlineMs }, push) {
      const delivery = await walk({ steps: stepsOf(open, names, push.addresses), push, deadlineMs, log });
      for (const { provider, outcome, ms } of delivery.attempts.filter((attempt) => attempt.outcome !== 'skipped')) {
        metrics.pushAttempts.inc({ provider, outcome });
        metrics.pushSeconds.observe({ provider, outcome }, ms / 1000);
      }
      return delivery;
    },
    ready: () => providers.length > 0,
    async close() {
      for (const { provider } of open.values()) await provider.close();
    },
  };
}

/** Every provider of the plan with every address it serves. */
function stepsOf(open: ReadonlyMap<string, NamedProvider>, names: readonly string[], addresses: readonly DeviceAddress[]): Steps {
  return names.flatMap((name): Steps => {
    const provider = open.get(name);
    if (!provider) return [{ name, skip: 'unknown-provider' }];
    if (provider.addresses.includes('none')) return [{ name, provider: provider.provider }];
    const served = addresses.filter(({ kind, deadSince }) => deadSince === undefined && provider.addresses.includes(kind));
    return served.length === 0 ? [{ name, skip: 'no-address' }] : served.map((address) => ({ name, provider: provider.provider, address }));
  });
}
