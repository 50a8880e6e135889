import type { AddressKind, Expiry, NamedServer } from '../provider-kit/index.ts';
import type { Seen } from './guard.ts';
import type { Opened, OutOfUse } from './open-provider.ts';

/** How a provider fares. */
export type ProviderStatus = Seen & {
  name: string;
  kind: string;
  default: boolean;
  addresses: readonly AddressKind[];
  circuit: 'closed' | 'open' | 'half-open';
  inFlight: number;
  queued: number;
  expires: Expiry[];
  /** Of a provider with several servers that stand in for one another, how each fares. */
  servers: NamedServer[];
  /** How far our clock is ahead of the provider's (ms; below 0: behind); absent while no reply has told. */
  clockSkewMs?: number | undefined;
  /** Why it could not be opened and takes no push; absent where it could. */
  problem?: string | undefined;
};

/** Reads how a provider fares now. */
export function statusOf(provider: Opened | OutOfUse): ProviderStatus {
  const { name, kind, isDefault, addresses } = provider;
  const told = { name, kind, default: isDefault, addresses };
  if ('problem' in provider)
    return { ...told, circuit: 'open', inFlight: 0, queued: 0, expires: [], servers: [], problem: provider.problem };
  const { guard, farClock } = provider;
  return {
    ...told,
    circuit: guard.circuit(),
    inFlight: guard.inFlight(),
    queued: guard.queued(),
    ...guard.seen(),
    expires: provider.provider.expires(),
    servers: provider.provider.servers?.() ?? [],
    clockSkewMs: farClock.skewMs(),
  };
}
