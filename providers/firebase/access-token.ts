import type { DeliveryOutcome, ProviderHost } from '../../src/delivery/provider-kit/index.ts';

/** Permission to send for one project, until `expiresAt` (epoch ms). */
export type Grant = { token: string; project: string; expiresAt: number };

/** A grant, or the outcome of a push that cannot get one. */
export type Granted = { ok: true; value: Grant } | { ok: false; error: DeliveryOutcome };

/** Requests one grant. */
export type GrantSource = (signal: AbortSignal) => Promise<Granted>;

/** The access token shared by all pushes of a provider. */
export type AccessTokens = {
  /**
   * The current token, else a new one. A caller whose signal fires stops waiting; the request continues for the others.
   */
  get(signal: AbortSignal): Promise<Granted>;
  /** A token other than `stale`, which FCM refused. */
  renewed(stale: Grant, signal: AbortSignal): Promise<Granted>;
  /** A new token in any case, to check the credentials. */
  fresh(signal: AbortSignal): Promise<Granted>;
  /** Aborts the request under way. */
  close(): void;
};

const requestLimitMs = 10_000;
const earlyMs = 300_000;
const pauseMs = 30_000;

/**
 * Opens the cache. All callers share one request. It starts five minutes before the token ends (halfway through a short
 * life) while the old token is still used, so that no login waits for it; after a failure the next one starts half a
 * minute later.
 */
export function openAccessTokens(source: GrantSource, { clock, log }: Pick<ProviderHost, 'clock' | 'log'>): AccessTokens {
  let current: Grant | undefined;
  let renewAt = 0;
  let inFlight: Promise<Granted> | undefined;
  const closing = new AbortController();
  const ask = async (): Promise<Granted> => {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(requestLimitMs)]);
    const granted = await orAborted(source(signal), signal);
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
      if (current === undefined || current.expiresAt <= now) return orAborted(renew(), signal);
      if (renewAt <= now) renew().catch((error: unknown) => log.error({ err: error }, 'an access token could not be renewed'));
      return { ok: true, value: current };
    },
    async renewed(stale, signal) {
      // Another refused caller may have got a new token already.
      if (current?.token === stale.token) current = undefined;
      return current === undefined ? orAborted(renew(), signal) : { ok: true, value: current };
    },
    fresh: (signal) => orAborted(renew(), signal),
    close: () => closing.abort(),
  };
}

function orAborted(work: Promise<Granted>, signal: AbortSignal): Promise<Granted> {
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
