import type { DeliveryOutcome, ProviderHost } from '../../src/delivery/provider-kit/index.ts';

/** Leave to send for one project, until `expiresAt` (epoch ms). */
export type Grant = { token: string; project: string; expiresAt: number };

/** A grant, or how a push ends that cannot have one. */
export type Granted = { ok: true; value: Grant } | { ok: false; error: DeliveryOutcome };

/** Asks for one grant. */
export type GrantSource = (signal: AbortSignal) => Promise<Granted>;

/** The access token that all pushes of a provider share. */
export type AccessTokens = {
  /** The one at hand, else a new one. A caller whose signal fires stops waiting; the request goes on for the others. */
  get(signal: AbortSignal): Promise<Granted>;
  /** Another one than `stale`, which the far side did not take. */
  renewed(stale: Grant, signal: AbortSignal): Promise<Granted>;
  /** A new one in any case, which proves that the credentials are good today. */
  fresh(signal: AbortSignal): Promise<Granted>;
  /** Gives up the request under way. */
  close(): void;
};

const requestLimitMs = 10_000;
const earlyMs = 300_000;
const pauseMs = 30_000;

/**
 * Opens the cache. One request is in flight for all. It begins five minutes before the token ends (at half of the life of a short one),
 * while the old token still serves, so that no login waits for it; when it fails there is another one half a minute later.
 */
export function openAccessTokens(source: GrantSource, { clock, log }: Pick<ProviderHost, 'clock' | 'log'>): AccessTokens {
  let current: Grant | undefined;
  let renewAt = 0;
  let inFlight: Promise<Granted> | undefined;
  const closing = new AbortController();
  const ask = async (): Promise<Granted> => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(requestLimitMs)]);
    const granted = await orGivenUp(source(signal), signal);
    const now = clock();
    renewAt = now + pauseMs;
    if (!granted.ok) return granted;
    current = granted.value;
    renewAt = current.expiresAt - Math.min(earlyMs, (current.expiresAt - now) / 2);
    return granted;
  };
  const renew = (): Promise<Granted> => {
    inFlight ??= ask().finally(() => {
      inFlight = undefined;
    });
    return inFlight;
  };
  return {
    async get(signal) {
      const now = clock();
      if (current === undefined || current.expiresAt <= now) return orGivenUp(renew(), signal);
      if (renewAt <= now) renew().catch((error: unknown) => log.error({ err: error }, 'an access token could not be renewed'));
      return { ok: true, value: current };
    },
    async renewed(stale, signal) {
      // Whoever else was refused may have a new one already.
      if (current?.token === stale.token) current = undefined;
      return current === undefined ? orGivenUp(renew(), signal) : { ok: true, value: current };
    },
    fresh: (signal) => orGivenUp(renew(), signal),
    close: () => closing.abort(),
  };
}

function orGivenUp(work: Promise<Granted>, signal: AbortSignal): Promise<Granted> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const isLate = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
      const reason = isLate ? 'timeout' : 'aborted';
      resolve({ ok: false, error: { kind: 'unavailable', reason, detail: 'no access token yet' } });
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
