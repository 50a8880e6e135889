import type { z } from 'zod';
import type { Clock, DeviceAddress, RejectedReason, UnavailableReason } from '../../foundation/model/index.ts';
import type { Expiry } from '../../foundation/settings/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';
import type { openHttp, openHttp2, ServerState } from '../../foundation/wire/index.ts';

/** The kind of address that a provider serves; `none` for a provider without addresses. */
export type AddressKind = DeviceAddress['kind'] | 'none';

/** One challenge for one address. */
export type Push = {
  transactionId: string;
  /** The phone's name for the challenge. */
  handle: string;
  /** The phone protocol of the payload. */
  phone: string;
  /** The exact text for the phone. */
  payload: string;
  /** Absent for providers that serve `none`. */
  address?: DeviceAddress | undefined;
  /** All living addresses that the provider serves, `address` first; only for a provider that takes all at once. */
  addresses?: readonly DeviceAddress[] | undefined;
  /** Epoch ms. */
  expiresAt: number;
  /** By policy, an iPhone shows the push at once, even in a Focus (`interruption-level`: `time-sensitive`). */
  isTimeSensitive?: boolean | undefined;
  /** Time limit of this delivery (ms); the signal fires when it ends. */
  budgetMs: number;
};

/**
 * The outcome of a delivery. `sent` ends the plan. `rejected` is final for this address or message at this provider.
 * `unavailable` means that another provider should be tried now. `detail` is for operators and contains no address,
 * payload or credential.
 * @see docs/protocols/delivery.md 2
 */
export type DeliveryOutcome =
  | { kind: 'sent'; reason?: 'poll' }
  | { kind: 'rejected'; reason: RejectedReason; detail?: string | undefined }
  | { kind: 'unavailable'; reason: UnavailableReason; retryAfterMs?: number | undefined; detail?: string | undefined };

/** Whether the credentials and the remote side of a provider work; `problem` says what to do about it. */
export type CheckResult = { ok: true; detail?: string } | { ok: false; problem: string };

/**
 * One of several servers of a provider. Operators and metrics show its name, so it contains no credential and no part
 * of a URL that might be one.
 */
export type NamedServer = { name: string; state: ServerState };

/**
 * An open provider. It never retries a plan, logs a secret, reads the environment, or throws for an error of the
 * network or the remote side.
 */
export type OpenProvider = {
  /** Delivers one push. `signal` is its deadline and also cancels the request at the remote side. */
  deliver(push: Push, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Proves the credentials end to end without ringing a phone. */
  check(signal: AbortSignal): Promise<CheckResult>;
  expires(): Expiry[];
  /** The state of each of several interchangeable servers; absent for a provider without such servers. */
  servers?(): NamedServer[];
  /** Closes all connections. May be called twice. */
  close(): Promise<void>;
};

/** What the gateway gives to a provider. */
export type ProviderHost = {
  openHttp: typeof openHttp;
  openHttp2: typeof openHttp2;
  /** Makes a path of the configuration file absolute. */
  path: (file: string) => string;
  clock: Clock;
  log: Log;
};

/** A kind of provider: the default export of a plug-in's `provider.ts`. */
export type ProviderDefinition<Config extends z.ZodType = z.ZodType> = {
  kind: string;
  /** Other names of the kind, such as the class name of the provider that it replaces in another server. */
  aliases?: readonly string[];
  /** The address kinds that it serves. */
  addresses: readonly AddressKind[];
  /**
   * Each address names a server of its own, so a failing one says nothing about the others. Such a provider has no
   * breaker.
   */
  serverPerAddress?: boolean;
  /**
   * Sending the same push twice does no harm, because the remote side or the phone shows it once. A request whose
   * connection failed is then repeated once, on a new connection and within its deadline. Absent: never.
   */
  idempotent?: boolean;
  /** One push with all addresses of a phone per challenge. Absent: one push per address in turn, until one is sent. */
  addressesAtOnce?: boolean;
  /** Strict schema of the provider's `config`. */
  config: Config;
  /** Whether phones see a push of this config only by polling. Absent: never. */
  needsPolling?(config: z.output<Config>): boolean;
  /** Throws `config-invalid` with one sentence when a file that the config names cannot be used. */
  open(config: z.output<Config>, host: ProviderHost): OpenProvider | Promise<OpenProvider>;
};

/** Infers the types of a definition. */
export const defineProvider = <Config extends z.ZodType>(definition: ProviderDefinition<Config>): ProviderDefinition<Config> => definition;

/**
 * The wait that a remote side asks for (ms): its `Retry-After` in seconds or as a date. Undefined without a usable one.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - now);
}
