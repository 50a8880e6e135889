import { type DeviceAddress, GatewayFault, pollOnlyProvider } from '../../foundation/model/index.ts';
import type { CheckResult } from '../provider-kit/index.ts';
import { checkOne } from './check.ts';
import { guardDefaults, type ProviderEntry } from './config.ts';
import { type Opened, type OutOfUse, openProvider, outOfUse, type Surroundings } from './open-provider.ts';
import { countDelivery } from './provider-metrics.ts';
import { type ProviderStatus, statusOf } from './provider-status.ts';
import { problemsOf } from './try-open.ts';
import { type Delivery, type OutgoingPush, type Steps, walk } from './walk.ts';

/** How to deliver one push. */
export type Plan = {
  /** In the order of trial. */
  providers: readonly string[];
  /** One deadline for all providers (ms). */
  deadlineMs: number;
  /** After this time (ms) the next provider starts in parallel; absent: never. */
  hedgeMs?: number;
  /** iPhones show the push in spite of a Focus. */
  isTimeSensitive?: boolean;
  /** Asked before each step; after the first `false` no further step begins. */
  mayBegin?: () => boolean;
};

/** The open providers. */
export type Registry = {
  /** The provider to use when neither a policy nor the token names one; undefined without a default. */
  defaultName(): string | undefined;
  /** Tries the providers of a plan until one accepts the push. Never throws for errors of a provider or the network. */
  deliver(plan: Plan, push: OutgoingPush): Promise<Delivery>;
  /** Whether one of these providers could ring a phone with these addresses. Poll-only providers cannot. */
  canRing(providers: readonly string[], addresses: readonly DeviceAddress[]): boolean;
  /** Whether phones see the pushes of this provider only by polling: it sends nothing, or no data. */
  needsPolling(name: string): boolean;
  status(): ProviderStatus[];
  /** The files named in the settings of the providers. */
  files(): string[];
  /**
   * Checks the credentials of one provider within the time of the signal, and closes its breaker on success; undefined
   * for an unknown name. Never throws for errors of a provider.
   */
  check(name: string, signal: AbortSignal): Promise<CheckResult | undefined>;
  /**
   * Opens one provider again without sending anything: this closes its breaker and discards its connections, access
   * tokens and server states. Pushes under way end on the old one, which stays in use when the new one cannot be
   * opened. Undefined for an unknown name.
   */
  reset(name: string): Promise<CheckResult | undefined>;
  /** Waits for the deliveries under way, then closes all connections. */
  close(): Promise<void>;
};

/**
 * What the registry opens. `mayFail` names the providers that may be out of use when they cannot be opened, so that one
 * bad credential does not prevent all logins.
 */
export type RegistryOptions = Surroundings & { providers: readonly ProviderEntry[]; mayFail: (name: string) => boolean };

/**
 * Opens every configured provider. When one that must not fail cannot be opened, closes the others and throws
 * `config-invalid` with all problems.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { providers, metrics, log } = options;
  const open = await openAll(options);
  const underWay = new Set<Promise<unknown>>();
  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  const named = (): (Opened | OutOfUse)[] => [...open.values()].filter(({ name }) => name !== pollOnlyProvider);
  return {
    defaultName: () => providers.find((provider) => provider.default)?.name,
    deliver({ providers: names, isTimeSensitive, ...plan }, push) {
      const steps = stepsOf(open, names, push.addresses);
      const delivery = walk({ ...plan, steps, push: { ...push, isTimeSensitive }, log });
      delivery.then((walked) => countDelivery(metrics, walked));
      return track(delivery);
    },
    canRing: (names, addresses) => stepsOf(open, names, addresses).some((step) => !('skip' in step) && step.kind !== 'poll-only'),
    needsPolling: (name) => open.get(name)?.needsPolling ?? false,
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
    async reset(name) {
      const reopened = await track(reopen(open, name, options));
      if (!reopened || 'problem' in reopened) return reopened && { ok: false, problem: reopened.problem };
      const retire = Promise.allSettled([...underWay]).then(() => closeAll(reopened.old));
      track(retire).catch((error: unknown) =>
        log.error({ err: error, provider: name }, 'the old connections of a provider could not be closed after its reset'),
      );
      return { ok: true };
    },
    async close() {
      await Promise.allSettled(underWay);
      await closeAll([...open.values()]);
    },
  };
}

/** A provider with the files named in its settings. */
type ConfiguredProvider = (Opened | (OutOfUse & { problems: string[] })) & { files: readonly string[] };
type Providers = Map<string, ConfiguredProvider>;

/** privacyIDEA records this provider for tokens that only poll; it works without an entry. */
const pollOnly: ProviderEntry = { ...guardDefaults, name: pollOnlyProvider, kind: 'poll-only', default: false, config: {} };

async function openAll(options: RegistryOptions): Promise<Providers> {
  const { mayFail, tell } = options;
  const open: Providers = new Map();
  const problems: string[] = [];
  for (const [index, entry] of [...options.providers, pollOnly].entries()) {
    const known = await openKnown(entry, index, options);
    open.set(entry.name, known);
    if (!('problem' in known)) continue;
    if (mayFail(entry.name)) tell?.({ kind: 'provider-out-of-use', provider: entry.name, problems: known.problems });
    else problems.push(...known.problems.map((problem) => `provider ${entry.name}, ${problem}`));
  }
  if (problems.length > 0) {
    await closeAll([...open.values()]);
    throw new GatewayFault('config-invalid', problems.join('\n'));
  }
  return open;
}

async function openKnown(entry: ProviderEntry, index: number, options: RegistryOptions): Promise<ConfiguredProvider> {
  const files: string[] = [];
  const onFile = (file: string): void => void files.push(file);
  try {
    return { ...(await openProvider(entry, { ...options, onFile })), files };
  } catch (error) {
    const problems = problemsOf(error, index).map(({ path: [, ...field], message }) => `${field.map(String).join('.')}: ${message}`);
    return { ...outOfUse(entry, options.catalog, problems.join('; ')), problems, files };
  }
}

/**
 * Replaces an open provider. Returns the old one, to be closed when its pushes are over, or the problem; undefined for
 * an unknown name.
 */
async function reopen(
  open: Providers,
  name: string,
  options: RegistryOptions,
): Promise<{ old: ConfiguredProvider[] } | { problem: string } | undefined> {
  const index = options.providers.findIndex((provider) => provider.name === name);
  const entry = options.providers[index];
  if (!entry) return undefined;
  const fresh = await openKnown(entry, index, options);
  if ('problem' in fresh) return { problem: fresh.problem };
  const old = open.get(name);
  open.set(name, fresh);
  return { old: old ? [old] : [] };
}

async function closeAll(providers: readonly ConfiguredProvider[]): Promise<void> {
  await Promise.all(providers.map((each) => ('problem' in each ? undefined : each.provider.close())));
}

/** One step per provider of the plan and living address that it serves, or one step with all addresses. */
function stepsOf(open: ReadonlyMap<string, ConfiguredProvider>, names: readonly string[], addresses: readonly DeviceAddress[]): Steps {
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
