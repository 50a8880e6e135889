import { resolve as resolvePath } from 'node:path';
import { type Clock, type DeviceAddress, pollOnlyProvider } from '../../foundation/model/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import { openHttp, openHttp2 } from '../../foundation/wire/index.ts';
import type { AddressKind, CheckResult, Expiry, OpenProvider, ProviderDefinition } from '../provider-kit/index.ts';
import { definitionOf, guardDefaults, type ProviderEntry } from './config.ts';
import { type Guard, openGuard, type Seen } from './guard.ts';
import { type Delivery, type OutgoingPush, type Steps, walk } from './walk.ts';

/** Providers in the order they are tried, and one deadline for all (ms). */
export type Plan = { providers: readonly string[]; deadlineMs: number };

/** How a provider fares. */
export type ProviderStatus = Seen & {
  name: string;
  kind: string;
  circuit: 'closed' | 'open' | 'half-open';
  inFlight: number;
  queued: number;
  expires: Expiry[];
};

/** The providers that are open. */
export type Registry = {
  /** The provider for whom neither a policy nor the token names one; undefined where none is marked so. */
  defaultName(): string | undefined;
  /** Walks a plan until one provider takes the push. Never throws for what a provider or the wire does. */
  deliver(plan: Plan, push: OutgoingPush): Promise<Delivery>;
  /** Whether a push could be handed to anybody. */
  ready(): boolean;
  status(): ProviderStatus[];
  /** Proves the credentials of one provider; undefined when there is none of that name. */
  check(name: string, signal: AbortSignal): Promise<CheckResult | undefined>;
  /** Waits for the deliveries under way, then lets all connections go. */
  close(): Promise<void>;
};

/** What the registry opens, and where it tells what happens. Relative paths in a provider's config count from `folder`. */
export type RegistryOptions = {
  providers: readonly ProviderEntry[];
  catalog: readonly ProviderDefinition[];
  folder: string;
  log: Log;
  metrics: Metrics;
  clock: Clock;
};

type Opened = { name: string; kind: string; addresses: readonly AddressKind[]; provider: OpenProvider; guard: Guard };

/** Opens every configured provider. Throws `config-invalid` when one of them cannot be opened; those opened before are closed again. */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { providers, metrics, log } = options;
  const open = new Map<string, Opened>();
  const underWay = new Set<Promise<unknown>>();
  const closeAll = async (): Promise<void> => {
    await Promise.allSettled(underWay);
    await Promise.all([...open.values()].map(({ provider }) => provider.close()));
  };
  try {
    for (const entry of providers) open.set(entry.name, await openOne(entry, options));
    // What privacyIDEA records for tokens that only poll works without being configured.
    open.set(
      pollOnlyProvider,
      await openOne({ ...guardDefaults, name: pollOnlyProvider, kind: 'poll-only', default: false, config: {} }, options),
    );
  } catch (error) {
    await closeAll();
    throw error;
  }
  const named = (): Opened[] => [...open.values()].filter(({ name }) => name !== pollOnlyProvider);
  return {
    defaultName: () => providers.find((provider) => provider.default)?.name,
    deliver({ providers: names, deadlineMs }, push) {
      const delivery = walk({ steps: stepsOf(open, names, push.addresses), push, deadlineMs, log }).then((walked) =>
        observed(metrics, walked),
      );
      underWay.add(delivery);
      return delivery.finally(() => underWay.delete(delivery));
    },
    ready: () => named().some(({ guard }) => guard.circuit() !== 'open'),
    status: () =>
      named().map(({ name, kind, guard, provider }) => ({
        name,
        kind,
        circuit: guard.circuit(),
        inFlight: guard.inFlight(),
        queued: guard.queued(),
        ...guard.seen(),
        expires: provider.expires(),
      })),
    check: async (name, signal) => open.get(name)?.provider.check(signal),
    close: closeAll,
  };
}

async function openOne(
  { name, kind, config, ...limits }: ProviderEntry,
  { catalog, folder, clock, log }: RegistryOptions,
): Promise<Opened> {
  const definition = definitionOf(catalog, kind);
  const host = { openHttp, openHttp2, path: (file: string) => resolvePath(folder, file), clock, log: log.child({ provider: name }) };
  const provider = await definition.open(config, host);
  return { name, kind: definition.kind, addresses: definition.addresses, provider, guard: openGuard(limits, clock) };
}

function observed(metrics: Metrics, delivery: Delivery): Delivery {
  for (const { provider, outcome, ms } of delivery.attempts.filter((attempt) => attempt.outcome !== 'skipped')) {
    metrics.pushAttempts.inc({ provider, outcome });
    metrics.pushSeconds.observe({ provider, outcome }, ms / 1000);
  }
  return delivery;
}

/** Every provider of the plan with every living address it serves. */
function stepsOf(open: ReadonlyMap<string, Opened>, names: readonly string[], addresses: readonly DeviceAddress[]): Steps {
  return names.flatMap((name): Steps => {
    const opened = open.get(name);
    if (!opened) return [{ name, skip: 'unknown-provider' }];
    const { provider, guard } = opened;
    if (opened.addresses.includes('none')) return [{ name, provider, guard }];
    const served = addresses.filter(({ kind, deadSince }) => deadSince === undefined && opened.addresses.includes(kind));
    return served.length === 0 ? [{ name, skip: 'no-address' }] : served.map((address) => ({ name, provider, guard, address }));
  });
}
