import type { Clock } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';

/** One check; `detail` describes the problem, for operators only. */
export type Checked = { name: 'store' | 'clock' | 'providers'; ok: boolean; detail?: string };

/**
 * Whether this gateway can work: the store accepts a write, and its clock agrees with ours (left out when the store
 * does not report its time). Calls within a second, or during one attempt, share that attempt.
 */
export type Readiness = () => Promise<readonly Checked[]>;

/**
 * The parts of readiness. `probe` writes to the store and returns the time of the store's clock (epoch ms) if it has
 * one.
 */
export type ReadinessParts = {
  probe: () => Promise<{ now?: number }>;
  clock: Clock;
  log: Log;
  /**
   * Called with the clock difference to the store (ms; above 0: ours is ahead), whenever the store reports its time.
   */
  onSkew?: ((ms: number) => void) | undefined;
};

const everyMs = 1000;
const limitMs = 2000;
const mostSkewMs = 2000;

/**
 * Opens the readiness of one gateway, shared by its listeners, so that all probes cost the store one write a second.
 */
export function openReadiness({ log, ...parts }: ReadinessParts): Readiness {
  let last: { at: number; isOver: boolean; results: Promise<readonly Checked[]> } | undefined;
  const { clock } = parts;
  let wasReady = true;
  const tell = (results: readonly Checked[]): void => {
    const failed = results.filter(({ ok }) => !ok);
    const isReady = failed.length === 0;
    if (isReady !== wasReady) isReady ? log.info({}, 'the gateway is ready again') : log.error({ failed }, 'the gateway is not ready');
    wasReady = isReady;
  };
  return () => {
    const now = clock();
    // A clock that was set back must not prolong an old result.
    if (last && (!last.isOver || Math.abs(now - last.at) < everyMs)) return last.results;
    const attempt = { at: now, isOver: false, results: look(parts) };
    last = attempt;
    void attempt.results.then((results) => {
      attempt.isOver = true;
      tell(results);
    });
    return attempt.results;
  };
}

async function look({ probe, clock, onSkew }: Omit<ReadinessParts, 'log'>): Promise<readonly Checked[]> {
  const before = clock();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the store accepted no write within ${limitMs} ms`)), limitMs);
  });
  try {
    const { now } = await Promise.race([probe(), late]);
    const store: Checked = { name: 'store', ok: true };
    if (now === undefined) return [store];
    const skewMs = skewOf(now, { before, after: clock() });
    onSkew?.(skewMs);
    return [store, compared(skewMs)];
  } catch (error) {
    return [{ name: 'store', ok: false, detail: error instanceof Error ? error.message : String(error) }];
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The clock difference (ms). The store read its clock between our `before` and `after`, so a slow write does not count
 * as a difference.
 */
const skewOf = (store: number, { before, after }: { before: number; after: number }): number =>
  Math.max(before - store, 0) || Math.min(after - store, 0);

/**
 * Gateways judge expiry by their own clocks, so one that differs from the store's also differs from other gateways'.
 */
function compared(skewMs: number): Checked {
  if (Math.abs(skewMs) < mostSkewMs) return { name: 'clock', ok: true };
  const apart = `this clock and the store's are ${(Math.abs(skewMs) / 1000).toFixed(1)} s apart`;
  return { name: 'clock', ok: false, detail: `${apart}; let both machines keep the same time (NTP)` };
}
