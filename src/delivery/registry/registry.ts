import { type DeviceAddress, GatewayFault, pollOnlyProvider } from '../../foundation/model/index.ts';
import type { CheckResult } from '../provider-kit/index.ts';
import { checkOne } from './check.ts';
import { guardDefaults, type ProviderEntry } from './config.ts';
import { type Opened, type OutOfUse, openProvider, outOfUse, type Surroundings } from './open-provider.ts';
import { countDelivery } from './provider-metrics.ts';
import { type ProviderStatus, statusOf } from './provider-status.ts';
import { problemsOf } from './try-open.ts';
import { type Delivery, type OutgoingPush, type Steps, walk } from './walk.ts';

/**
 * Providers in the order they are tried, one deadline for all (ms), after how long a slow one gets the next for company, and whether iPhones
 * show the push in spite of a Focus. `mayBegin` is asked before each step; no other begins once it says no.
 */
export type Plan = {
  providers: readonly string[];
  deadlineMs: number;
  hedgeMs?: number;
  isTimeSensitive?: boolean;
  mayBegin?: () => boolean;
};

/** The providers that are open. */
export type Registry = {
  /** The provider for whom neither a policy nor the token names one; undefined where none is marked so. */
  defaultName(): string | undefined;
  /** Walks a plan until one provider takes the push. Never throws for what a provider or the wire does. */
  deliver(plan: Plan, push: OutgoingPush): Promise<Delivery>;
  /** Whether one of these providers could ring a phone with these addresses: those that it has to ask do not. */
  canRing(providers: readonly string[], addresses: readonly DeviceAddress[]): boolean;
  status(): ProviderStatus[];
  /** The files that the settings of the providers name. */
  files(): string[];
  /**
   * Proves the credentials of one provider, within the time of the signal, and takes it back when its breaker was open; undefined when there is none
   * of that name. Never throws for what a provider does.
   */
  check(name: string, signal: AbortSignal): Promise<CheckResult | undefined>;
  /** Waits for the deliveries under way, then lets all connections go. */
  close(): Promise<void>;
};

/**
 * What the registry opens, and where it tells what happens. `mayFail`: the providers that are out of use
 * where they cannot be opened, so that one bad credential does not stop all logins.
 */
export type RegistryOptions = Surroundings & { providers: readonly ProviderEntry[]; mayFail: (name: string) => boolean };

/**
 * Opens every configured provider. Throws `config-invalid` with all that is wrong when others cannot be opened; those opened before are closed again.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { providers, metrics, log } = options;
  const open = await openAll(options);
  const underWay = new Set<Promise<unknown>>();
  const named = (): (Opened | OutOfUse)[] => [...open.values()].filter(({ name }) => name !== pollOnlyProvider);
  return {
    defaultName: () => providers.find((provider) => provider.default)?.name,
    deliver({ providers: names, isTimeSensitive, ...plan }, push) {
      const steps = stepsOf(open, names, push.addresses);
      const delivery = walk({ ...plan, steps, push: { ...push, isTimeSensitive }, log });
      delivery.then((walked) => countDelivery(metrics, walked));
      underWay.add(delivery);
      return delivery.finally(() => underWay.delete(delivery));
    },
    canRing: (names, addresses) => stepsOf(open, names, addresses).some((step) => !('skip' in step) && step.kind !== 'poll-only'),
    status: () => named().map(statusOf),
    files: () => [...open.values()].flatMap(({ files }) => files),
    async check(name, signal) {
      const opened = open.get(name);
      if (!opened) return undefined;
      if ('problem' in opened) return { ok: false, problem: opened.problem };
      const result = await checkOne(opened, signal, log);
      if (result.ok) opened.guard.close();
      return result;
    },
    async close() {
      await Promise.allSettled(underWay);
      await closeAll(open);
    },
  };
}

/** `files`: those that its settings name. */
type Known = (Opened | OutOfUse) & { files: readonly string[] };
type Providers = ReadonlyMap<string, Known>;

async function openAll(options: RegistryOptions): Promise<Providers> {
  const { catalog, mayFail, tell } = options;
  const open = new Map<string, Known>();
  const problems: string[] = [];
  for (const [index, entry] of options.providers.entries()) {
    const files: string[] = [];
    const onFile = (file: string): void => void files.push(file);
    try {
      open.set(entry.name, { ...(await openProvider(entry, { ...options, onFile })), files });
    } catch (error) {
      const found = problemsOf(error, index).map(({ path: [, ...field], message }) => `${field.map(String).join('.')}: ${message}`);
      open.set(entry.name, { ...outOfUse(entry, catalog, found.join('; ')), files });
      if (mayFail(entry.name)) tell?.({ kind: 'provider-out-of-use', provider: entry.name, problems: found });
      else problems.push(...found.map((problem) => `provider ${entry.name}, ${problem}`));
    }
  }
  if (problems.length > 0) {
    await closeAll(open);
    throw new GatewayFault('config-invalid', problems.join('\n'));
  }
  // What privacyIDEA records for tokens that only poll works without being configured.
  const pollOnly = { ...guardDefaults, name: pollOnlyProvider, kind: 'poll-only', default: false, config: {} };
  return open.set(pollOnlyProvider, { ...(await openProvider(pollOnly, options)), files: [] });
}

async function closeAll(open: Providers): Promise<void> {
  await Promise.all([...open.values()].map((each) => ('problem' in each ? undefined : each.provider.close())));
}

/** Every provider of the plan with every living address it serves, or with all of them at once. */
function stepsOf(open: Providers, names: readonly string[], addresses: readonly DeviceAddress[]): Steps {
  return names.flatMap((name): Steps => {
    const opened = open.get(name);
    if (!opened) return [{ name, skip: 'unknown-provider' }];
    if ('problem' in opened) return [{ name, skip: 'out-of-use' }];
    const { kind, provider, guard } = opened;
    if (opened.addresses.includes('none')) return [{ name, kind, provider, guard }];
    const served = addresses.filter(({ kind, deadSince }) => deadSince === undefined && opened.addresses.includes(kind));
    if (served.length === 0) return [{ name, skip: 'no-address' }];
    if (opened.addressesAtOnce) return [{ name, kind, provider, guard, address: served[0], addresses: served }];
    return served.map((address) => ({ name, kind, provider, guard, address }));
  });
}
