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
  /**
   * Opens one provider anew and sends nothing: its breaker is closed, and its connections, access tokens and what is known of its servers are gone. Pushes
   * under way end on the old one. It stays as it was where it cannot be opened; undefined when there is none of that name.
   */
  reset(name: string): Promise<CheckResult | undefined>;
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
      track(retire).catch((error: unknown) => log.error({ err: error, provider: name }, 'a provider that was reset could not be closed'));
      return { ok: true };
    },
    async close() {
      await Promise.allSettled(underWay);
      await closeAll([...open.values()]);
    },
  };
}

/** `files`: those that its settings name. */
type Known = (Opened | (OutOfUse & { problems: string[] })) & { files: readonly string[] };
type Providers = Map<string, Known>;

/** What privacyIDEA records for tokens that only poll works without being configured. */
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

async function openKnown(entry: ProviderEntry, index: number, options: RegistryOptions): Promise<Known> {
  const files: string[] = [];
  const onFile = (file: string): void => void files.push(file);
  try {
    return { ...(await openProvider(entry, { ...options, onFile })), files };
  } catch (error) {
    const problems = problemsOf(error, index).map(({ path: [, ...field], message }) => `${field.map(String).join('.')}: ${message}`);
    return { ...outOfUse(entry, options.catalog, problems.join('; ')), problems, files };
  }
}

/** Puts a provider in the place of the one that is open, which is to be closed when its pushes are over; or says why it cannot. */
async function reopen(
  open: Providers,
  name: string,
  options: RegistryOptions,
): Promise<{ old: Known[] } | { problem: string } | undefined> {
  const index = options.providers.findIndex((provider) => provider.name === name);
  const entry = options.providers[index];
  if (!entry) return undefined;
  const fresh = await openKnown(entry, index, options);
  if ('problem' in fresh) return { problem: fresh.problem };
  const old = open.get(name);
  open.set(name, fresh);
  return { old: old ? [old] : [] };
}

async function closeAll(providers: readonly Known[]): Promise<void> {
  await Promise.all(providers.map((each) => ('problem' in each ? undefined : each.provider.close())));
}

/** Every provider of the plan with every living address it serves, or with all of them at once. */
function stepsOf(open: ReadonlyMap<string, Known>, names: readonly string[], addresses: readonly DeviceAddress[]): Steps {
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
