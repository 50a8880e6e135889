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
export type ReadinessParts = { probe: () => Promise<{ now?: number }>; clock: Clock; log: Log };

const everyMs = 1000;
const limitMs = 2000;
const mostSkewMs = 2000;

/** Opens the readiness of one gateway: one for all its listeners, so that all probes together cost the store one write a second. */
export function openReadiness({ probe, clock, log }: ReadinessParts): Readiness {
  let last: { at: number; isOver: boolean; results: Promise<readonly Checked[]> } | undefined;
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
    const attempt = { at: now, isOver: false, results: look(probe, clock) };
    last = attempt;
    void attempt.results.then((results) => {
      attempt.isOver = true;
      tell(results);
    });
    return attempt.results;
  };
}

async function look(probe: ReadinessParts['probe'], clock: Clock): Promise<readonly Checked[]> {
  const before = clock();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the store took no write within ${limitMs} ms`)), limitMs);
  });
  try {
    const { now } = await Promise.race([probe(), late]);
    const store: Checked = { name: 'store', ok: true };
    return now === undefined ? [store] : [store, compared(now, { before, after: clock() })];
  } catch (error) {
    return [{ name: 'store', ok: false, detail: error instanceof Error ? error.message : String(error) }];
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Gateways decide by their own clocks what is over; one that is far from the store's is far from the other gateways' as well. The store
 * told its time between `before` and `after` of ours, so a slow write is no difference.
 */
function compared(store: number, { before, after }: { before: number; after: number }): Checked {
  const skewMs = Math.max(before - store, store - after, 0);
  if (skewMs < mostSkewMs) return { name: 'clock', ok: true };
  const apart = `this clock and the store's are ${(skewMs / 1000).toFixed(1)} s apart`;
  return { name: 'clock', ok: false, detail: `${apart}; let both machines keep the same time (NTP)` };
}
