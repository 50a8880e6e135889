import type { Clock } from '../model/index.ts';

/**
 * What came of one try. `server`: it `works` (it said something), it `failed` (nothing came back in its time), or the try says nothing of it,
 * since the caller gave up. `isEnd`: no other server is to be tried. `isMomentary`: the same try may go well the next time.
 */
export type Tried<Outcome> = { outcome: Outcome; server: 'works' | 'failed' | 'unknown'; isEnd: boolean; isMomentary?: boolean };

/** How a server fares: `in-use`: it is asked first; `ready`: it stands in for that; `failing`: lately the next one had to be tried in its place. */
export type ServerState = 'in-use' | 'ready' | 'failing';

/** Servers that can stand in for one another. */
export type ServerOrder<Server> = {
  /** All of them: those that work in the order of the configuration, then those that failed lately, the one that failed first before the others. */
  list(): Server[];
  /** How each fares, in the order of the configuration. One that answers, but does not do the work, is `failing` as well. */
  states(): { server: Server; state: ServerState }[];
  /**
   * Tries each server once in that order, until one try is the end or the budget (ms) is used up; where there are several, those that failed
   * for the moment only are tried once more then. A try gets an even share of what is left, so that a server that hangs leaves time for the
   * others; the share is a time limit that the try has to keep.
   * @returns what the last try came to; undefined where there was no time for any
   */
  pass<Outcome>(budgetMs: number, attempt: (server: Server, limitMs: number) => Promise<Tried<Outcome>>): Promise<Outcome | undefined>;
};

/** Remembers for `restMs` which servers failed, so that a dead first one does not cost every login its time limit. None is ever given up. */
export function openServerOrder<Server>(servers: readonly Server[], clock: Clock, restMs: number): ServerOrder<Server> {
  const failures = new Map<Server, number>();
  const setbacks = new Map<Server, number>();
  const failedAt = (server: Server): number => {
    const at = failures.get(server);
    return at === undefined || clock() - at >= restMs ? Number.NEGATIVE_INFINITY : at;
  };
  // Equal ones keep their order, and infinities cannot be subtracted from one another.
  const list = () => servers.toSorted((a, b) => (failedAt(a) === failedAt(b) ? 0 : failedAt(a) < failedAt(b) ? -1 : 1));
  const learn = (server: Server, said: Tried<unknown>['server']): void => {
    if (said === 'works') failures.delete(server);
    if (said === 'failed') failures.set(server, clock());
  };
  const isFailing = (server: Server): boolean => clock() - (setbacks.get(server) ?? Number.NEGATIVE_INFINITY) < restMs;
  const learnSetback = (server: Server, { server: said, isEnd }: Tried<unknown>): void => {
    if (said === 'failed' || (said === 'works' && !isEnd)) setbacks.set(server, clock());
    else if (said === 'works') setbacks.delete(server);
  };
  return {
    list,
    states() {
      const first = list().find((server) => !isFailing(server));
      return servers.map((server) => ({ server, state: isFailing(server) ? 'failing' : server === first ? 'in-use' : 'ready' }));
    },
    async pass<Outcome>(budgetMs: number, attempt: (server: Server, limitMs: number) => Promise<Tried<Outcome>>) {
      const end = performance.now() + budgetMs;
      const order = list();
      let last: Outcome | undefined;
      // The list grows while it is walked, by those that come a second time.
      for (const [index, server] of order.entries()) {
        const leftMs = end - performance.now();
        if (leftMs <= 0) break;
        const tried = await attempt(server, Math.max(1, Math.floor(leftMs / (order.length - index))));
        learn(server, tried.server);
        learnSetback(server, tried);
        last = tried.outcome;
        if (tried.isEnd) break;
        if (tried.isMomentary && servers.length > 1 && index < servers.length) order.push(server);
      }
      return last;
    },
  };
}
