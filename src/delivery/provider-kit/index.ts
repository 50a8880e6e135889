import type { z } from 'zod';
import type { DeviceAddress } from '../../foundation/model/index.ts';

export type { DeviceAddress } from '../../foundation/model/index.ts';

/** What a provider can reach; `none` for one that needs no address. */
export type AddressKind = DeviceAddress['kind'] | 'none';

/** One challenge on its way to one address. `payload` is the exact text that the phone gets; `expiresAt` is epoch ms. */
export type Push = {
  transactionId: string;
  /** What the phone calls the challenge. */
  handle: string;
  /** The phone protocol of the payload. */
  phone: string;
  payload: string;
  /** Absent for providers that serve `none`. */
  address?: DeviceAddress;
  expiresAt: number;
};

/**
 * How a delivery ended. `sent` ends the plan. `rejected`: this address or message at this provider, for good. `unavailable`: try another
 * provider now. `detail` is for operators and holds no address, payload or credential.
 * @see docs/protocols/delivery.md 2
 */
export type DeliveryOutcome =
  | { kind: 'sent'; reason?: 'poll' }
  | { kind: 'rejected'; reason: 'dead-address' | 'message' | 'configuration' | 'credentials'; detail?: string }
  | {
      kind: 'unavailable';
      reason: 'timeout' | 'connection' | 'tls' | 'throttled' | 'server' | 'garbage' | 'aborted' | 'defect';
      retryAfterMs?: number;
      detail?: string;
    };

/** A provider that is open. It never retries a plan, logs a secret, reads the environment, or throws for what the wire can do. */
export type OpenProvider = {
  /** Hands over one push. `signal` is its deadline: the far side sees the cancel. */
  deliver(push: Push, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Lets connections go. May be called twice. */
  close(): Promise<void>;
};

/** A kind of provider: what a plug-in's `provider.ts` exports by default. */
export type ProviderDefinition<Config extends z.ZodType = z.ZodType> = {
  kind: string;
  /** The address kinds it serves. */
  addresses: readonly AddressKind[];
  /** Strict schema of the `config` of one provider. */
  config: Config;
  open(config: z.output<Config>): OpenProvider | Promise<OpenProvider>;
};

/** Gives a definition its types. */
export const defineProvider = <Config extends z.ZodType>(definition: ProviderDefinition<Config>): ProviderDefinition<Config> => definition;
