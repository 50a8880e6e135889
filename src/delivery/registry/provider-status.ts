import type { AddressKind, Expiry, NamedServer } from '../provider-kit/index.ts';
import type { Seen } from './guard.ts';
import type { Opened, OutOfUse } from './open-provider.ts';

/** The state of a provider. */
export type ProviderStatus = Seen & {
  name: string;
  kind: string;
  default: boolean;
  addresses: readonly AddressKind[];
  circuit: 'closed' | 'open' | 'half-open';
  inFlight: number;
  queued: number;
  expires: Expiry[];
  /** The state of each of several interchangeable servers. */
  servers: NamedServer[];
  /** How far the gateway's clock is ahead of the provider's (ms, negative: behind); absent until a reply has a date. */
  clockSkewMs?: number | undefined;
  /** Why the provider could not be opened; absent if it is open. */
  problem?: string | undefined;
};

/** Reads the current state of a provider. */
export function statusOf(provider: Opened | OutOfUse): ProviderStatus {
  const { name, kind, isDefault, addresses } = provider;
  const entry = { name, kind, default: isDefault, addresses };
  if ('problem' in provider)
    return { ...entry, circuit: 'open', inFlight: 0, queued: 0, expires: [], servers: [], problem: provider.problem };
  const { guard, remoteClock } = provider;
  return {
    ...entry,
    circuit: guard.circuit(),
    inFlight: guard.inFlight(),
    queued: guard.queued(),
    ...guard.seen(),
    expires: provider.provider.expires(),
    servers: provider.provider.servers?.() ?? [],
    clockSkewMs: remoteClock.skewMs(),
  };
}
