import { resolve } from 'node:path';
import type { Clock, Tell } from '../../foundation/model/index.ts';
import { endedChainText, endedInChain } from '../../foundation/settings/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import type { AddressKind, OpenProvider, ProviderDefinition } from '../provider-kit/index.ts';
import { definitionOf, type ProviderEntry } from './config.ts';
import { type Guard, openGuard } from './guard.ts';
import { openRemoteClock, type RemoteClock } from './remote-clock.ts';

/** An open provider with its guard. */
export type Opened = {
  name: string;
  kind: string;
  isDefault: boolean;
  addresses: readonly AddressKind[];
  addressesAtOnce: boolean;
  /** Phones see its pushes only by polling. */
  needsPolling: boolean;
  provider: OpenProvider;
  guard: Guard;
  remoteClock: Pick<RemoteClock, 'skewMs'>;
};

/** A provider that could not be opened, and why. It takes no push until the next reload or reset. */
export type OutOfUse = Pick<Opened, 'name' | 'kind' | 'isDefault' | 'addresses' | 'needsPolling'> & { problem: string };

/** Makes the entry of a provider that could not be opened. */
export function outOfUse(
  { name, kind, default: isDefault, config }: ProviderEntry,
  catalog: readonly ProviderDefinition[],
  problem: string,
): OutOfUse {
  const definition = definitionOf(catalog, kind);
  const needsPolling = isOnlyPolled(definition, config);
  return { name, kind: definition.kind, isDefault, addresses: definition.addresses, needsPolling, problem };
}

const isOnlyPolled = ({ addresses, needsPolling }: ProviderDefinition, config: unknown): boolean =>
  addresses.includes('none') || (needsPolling?.(config) ?? false);

/** What providers are opened with. */
export type Surroundings = {
  catalog: readonly ProviderDefinition[];
  /** Relative paths in a provider's config start here. */
  folder: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** Receives the events of breakers. */
  tell?: Tell;
  /** Receives every file that is read. */
  onFile?: (file: string) => void;
};

/** Opens one provider. Throws `config-invalid`, as `SettingProblems` when it concerns fields of the config. */
export async function openProvider(
  { name, kind, config, default: isDefault, ...limits }: ProviderEntry,
  { catalog, folder, clock, log, metrics, tell = () => undefined, onFile }: Surroundings,
): Promise<Opened> {
  const definition = definitionOf(catalog, kind);
  const path = (file: string): string => {
    const whole = resolve(folder, file);
    onFile?.(whole);
    return whole;
  };
  const { skewMs, ...wire } = openRemoteClock(clock, definition.idempotent ?? false);
  const host = { ...wire, path, clock, log: log.child({ provider: name }) };
  const provider = await definition.open(config, host);
  for (const ended of endedInChain(provider.expires(), clock())) host.log.warn({}, endedChainText(ended));
  const ownLimits = definition.serverPerAddress ? { ...limits, breakerFailures: Number.POSITIVE_INFINITY } : limits;
  const guard = openGuard(ownLimits, clock, {
    onWaited: (seconds) => metrics.queueWaitSeconds.observe({ provider: name }, seconds),
    onBreaker: (state) => tell({ kind: state === 'open' ? 'breaker-opened' : 'breaker-closed', provider: name }),
  });
  const { kind: itsKind, addresses, addressesAtOnce = false } = definition;
  const needsPolling = isOnlyPolled(definition, config);
  return { name, kind: itsKind, isDefault, addresses, addressesAtOnce, needsPolling, provider, guard, remoteClock: { skewMs } };
}
