import type { Middleware } from 'koa';
import { withStoreTime } from '../../foundation/deadline/index.ts';
import type { IsKnownPeer } from './connection-gate.ts';
import { dispatch, type OnDefect } from './dispatch.ts';
import { isHeld, whenGone } from './held.ts';
import type { Mount } from './route.ts';
import { stateOf } from './state.ts';
import type { UnderWay } from './under-way.ts';

/**
 * What a listener serves for a while. `begin` is called for each request; what it returns is called once, when the request is over. `isKnownPeer`: whose
 * connections are not counted by network; without it, those of this machine. `storeMs`: how long a request may wait for the store in all.
 */
export type Service = {
  mounts: readonly Mount[];
  begin?: (() => () => void) | undefined;
  isKnownPeer?: IsKnownPeer | undefined;
  storeMs?: number | undefined;
};

const usualStoreMs = 2000;

/** Answers requests by the service of the moment. */
export type Services = {
  middleware: Middleware;
  /** Answers the requests that are still to come by another service. */
  serve(next: Service): void;
};

/** Opens with a first service. A request is answered by the service that was there when it came, even when its reply is held meanwhile. */
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
        // A held request whose client leaves never comes back.
        if (isHeld(ctx)) state.served.stopWatching = whenGone(ctx)(end);
        else end();
      }
    },
    serve(next) {
      current = answering(next);
    },
  };
}
