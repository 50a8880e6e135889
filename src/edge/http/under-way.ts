import type { Context } from 'koa';
import type { Shedding } from '../../engine/limits/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';

/** Has a request handled, or throws `Overloaded` at once where its listener has as many under way as it takes. */
export type UnderWay = (ctx: Context, handle: (ctx: Context) => Promise<void> | void) => Promise<void>;

const retryMs = 2000;

/** Counts the requests of all listeners of a process, each of which takes `most` of them at once. One whose reply is held is not under way. */
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
        // What is still on its way is thrown away, so that the client gets the reply and not a reset.
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
