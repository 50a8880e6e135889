import type { Middleware } from 'koa';
import { withStoreTime } from '../../foundation/deadline/index.ts';
import type { IsKnownPeer } from './connection-gate.ts';
import { dispatch, type OnDefect } from './dispatch.ts';
import { isHeld, onDisconnect } from './held.ts';
import type { Mount } from './route.ts';
import { stateOf } from './state.ts';
import { isStream } from './streams.ts';
import type { UnderWay } from './under-way.ts';

/**
 * The current service of a listener. `begin` is called for each request, and its result once at the request's end.
 * `isKnownPeer`: peers whose connections are not limited by network; by default this machine. `storeMs`: the total time
 * that a request may wait for the store.
 */
export type Service = {
  mounts: readonly Mount[];
  begin?: (() => () => void) | undefined;
  isKnownPeer?: IsKnownPeer | undefined;
  storeMs?: number | undefined;
};

const usualStoreMs = 2000;

/** Serves requests with the current service. */
export type Services = {
  middleware: Middleware;
  /** Serves new requests with another service. */
  serve(next: Service): void;
};

/** Opens with a first service. A request keeps the service of its arrival, even while its reply is held. */
export function openServices(first: Service, told: { onDefect: OnDefect; underWay: UnderWay }): Services {
  const answering = ({ mounts, begin = () => () => undefined, storeMs = usualStoreMs }: Service) => {
    const dispatched = dispatch(mounts, told);
    const answer: Middleware = (ctx, next) => withStoreTime(storeMs, () => dispatched(ctx, next));
    return { answer, begin };
  };
  let current = answering(first);
  return {
    async middleware(ctx, next) {
      const state = stateOf(ctx);
      state.served ??= { answer: current.answer, end: current.begin() };
      const { answer, end } = state.served;
      state.served.stopWatching?.();
      try {
        await answer(ctx, next);
      } finally {
        // A held request never comes back if its client disconnects. A stream ends with its connection.
        if (isHeld(ctx) || isStream(ctx)) state.served.stopWatching = onDisconnect(ctx)(end);
        else end();
      }
    },
    serve(next) {
      current = answering(next);
    },
  };
}
