import type { Clock } from '../../foundation/model/index.ts';
import type { Log } from '../../foundation/telemetry/index.ts';

/** One thing that was looked at; `detail` says what is wrong with it, for operators only. */
export type Checked = { name: 'store' | 'clock' | 'providers'; ok: boolean; detail?: string };

/**
 * Whether this gateway can do its work: the store takes a write, and its clock agrees with ours. The clock is left out when the store did not tell
 * its time. All who ask within a second, or while one attempt is under way, share that attempt.
 */
export type Readiness = () => Promise<readonly Checked[]>;

/** What readiness is made of. `probe` writes to the store, and tells the time of the store's own clock (epoch ms) where it has one. */
export type ReadinessParts = {
  probe: () => Promise<{ now?: number }>;
  clock: Clock;
  log: Log;
  /** Hears how far our clock is ahead of the store's (ms; below 0: behind), whenever the store told its time. */
  onSkew?: ((ms: number) => void) | undefined;
};

const everyMs = 1000;
const limitMs = 2000;
const mostSkewMs = 2000;

/** Opens the readiness of one gateway: one for all its listeners, so that all probes together cost the store one write a second. */
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
    // A clock that was put back must not keep an old result alive.
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
    timer = setTimeout(() => reject(new Error(`the store took no write within ${limitMs} ms`)), limitMs);
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

/** How far we are ahead (ms). The store told its time between `before` and `after` of ours, so a slow write is no difference. */
const skewOf = (store: number, { before, after }: { before: number; after: number }): number =>
  Math.max(before - store, 0) || Math.min(after - store, 0);

/** Gateways decide by their own clocks what is over; one that is far from the store's is far from the other gateways' as well. */
function compared(skewMs: number): Checked {
  if (Math.abs(skewMs) < mostSkewMs) return { name: 'clock', ok: true };
  const apart = `this clock and the store's are ${(Math.abs(skewMs) / 1000).toFixed(1)} s apart`;
  return { name: 'clock', ok: false, detail: `${apart}; let both machines keep the same time (NTP)` };
}
