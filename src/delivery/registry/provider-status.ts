import type { AddressKind, Expiry } from '../provider-kit/index.ts';
import type { Seen } from './guard.ts';
import type { Opened } from './open-provider.ts';

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
};

/** Reads how a provider fares now. */
export const statusOf = ({ name, kind, isDefault, addresses, guard, provider }: Opened): ProviderStatus => ({
  name,
  kind,
  default: isDefault,
  addresses,
  circuit: guard.circuit(),
  inFlight: guard.inFlight(),
  queued: guard.queued(),
  ...guard.seen(),
  expires: provider.expires(),
});
