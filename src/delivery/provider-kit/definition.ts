import type { z } from 'zod';
import type { Clock, DeviceAddress, RejectedReason, UnavailableReason } from '../../foundation/model/index.ts';
import type { Expiry } from '../../foundation/settings/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { openHttp, openHttp2, ServerState } from '../../foundation/wire/index.ts';

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
  address?: DeviceAddress | undefined;
  /** All living addresses that the provider serves, `address` first; only where it takes them at once. */
  addresses?: readonly DeviceAddress[] | undefined;
  expiresAt: number;
  /** An iPhone shows it at once, in a Focus too (`interruption-level`: `time-sensitive`), by policy. */
  isTimeSensitive?: boolean | undefined;
  /** How long this delivery may take, in ms; the signal fires then. */
  budgetMs: number;
};

/**
 * How a delivery ended. `sent` ends the plan. `rejected`: this address or message at this provider, for good. `unavailable`: try another
 * provider now. `detail` is for operators and holds no address, payload or credential.
 * @see docs/protocols/delivery.md 2
 */
export type DeliveryOutcome =
  | { kind: 'sent'; reason?: 'poll' }
  | { kind: 'rejected'; reason: RejectedReason; detail?: string | undefined }
  | { kind: 'unavailable'; reason: UnavailableReason; retryAfterMs?: number | undefined; detail?: string | undefined };

/** Whether a provider's credentials and its far side work; `problem` says what to do about it. */
export type CheckResult = { ok: true; detail?: string } | { ok: false; problem: string };

/** One of several servers behind a provider. Its name is shown to operators and in metrics: it holds no credential and no part of a URL that could. */
export type NamedServer = { name: string; state: ServerState };

/** A provider that is open. It never retries a plan, logs a secret, reads the environment, or throws for what the wire can do. */
export type OpenProvider = {
  /** Hands over one push. `signal` is its deadline: the far side sees the cancel. */
  deliver(push: Push, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Proves credentials end to end, and rings no phone. */
  check(signal: AbortSignal): Promise<CheckResult>;
  expires(): Expiry[];
  /** How the servers fare that stand in for one another; absent where a provider has no such servers. */
  servers?(): NamedServer[];
  /** Lets connections go. May be called twice. */
  close(): Promise<void>;
};

/** What a provider gets from the gateway. `path` makes a path of the config file absolute. */
export type ProviderHost = {
  openHttp: typeof openHttp;
  openHttp2: typeof openHttp2;
  path: (file: string) => string;
  clock: Clock;
  log: Log;
};

/** A kind of provider: what a plug-in's `provider.ts` exports by default. */
export type ProviderDefinition<Config extends z.ZodType = z.ZodType> = {
  kind: string;
  /** Other names of the kind, such as the class names of the server whose provider it stands in for. */
  aliases?: readonly string[];
  /** The address kinds it serves. */
  addresses: readonly AddressKind[];
  /** Each address names a server of its own, so that one that is ill says nothing about the others: such a provider has no breaker. */
  serverPerAddress?: boolean;
  /**
   * The same push twice does no harm: the far side or the phone shows it once. A request whose connection failed is then sent once more, on a
   * fresh connection and within its deadline. Absent: never.
   */
  idempotent?: boolean;
  /** One push tells it all addresses of a phone, so it gets one for each challenge. Absent: one after the other for each address, until one is sent. */
  addressesAtOnce?: boolean;
  /** Strict schema of the `config` of one provider. */
  config: Config;
  /** Whether phones see a push of this config only when they ask for what is waiting. Absent: never. */
  needsPolling?(config: z.output<Config>): boolean;
  /** Throws `config-invalid` with one sentence when a file that the config names cannot be used. */
  open(config: z.output<Config>, host: ProviderHost): OpenProvider | Promise<OpenProvider>;
};

/** Gives a definition its types. */
export const defineProvider = <Config extends z.ZodType>(definition: ProviderDefinition<Config>): ProviderDefinition<Config> => definition;

/** How long a far side asks us to wait, in ms: its `Retry-After` in seconds or as a date. Undefined without a usable one. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - now);
}
