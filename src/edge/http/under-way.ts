import type { Context } from 'koa';
import type { Shedding } from '../../engine/limits/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';

/** Handles a request, or throws `Overloaded` at once when its listener has the maximum of requests under way. */
export type UnderWay = (ctx: Context, handle: (ctx: Context) => Promise<void> | void) => Promise<void>;

const retryMs = 2000;

/**
 * Counts the requests of all listeners of a process, each with its own limit `most()`. A request with a held reply does
 * not count.
 */
export function openRequestBounds({ most, metrics, refuse }: { most: () => number; metrics: Metrics; refuse: Shedding }): () => UnderWay {
  let all = 0;
  metrics.onCollect(() => metrics.load.underWay.set(all));
  return () => {
    let here = 0;
    const count = (change: number): void => {
      here += change;
      all += change;
    };
    return async (ctx, handle) => {
      if (here >= most()) {
        // Discards the rest, so that the client gets the reply and not a connection reset.
        ctx.req.resume();
        throw refuse('', 'under-way', retryMs);
      }
      count(1);
      try {
        await handle(ctx);
      } finally {
        count(-1);
      }
    };
  };
}
