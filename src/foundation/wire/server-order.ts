import type { Clock } from '../model/index.ts';

/**
 * The result of one try. `server`: it `works` (replied), it `failed` (no reply in time), or is `unknown` because the
 * caller gave up. `isEnd`: do not try another server. `isTransient`: the same try may succeed next time.
 */
export type Tried<Outcome> = { outcome: Outcome; server: 'works' | 'failed' | 'unknown'; isEnd: boolean; isTransient?: boolean };

/**
 * The state of a server: `in-use`: asked first; `ready`: standby; `failing`: another server had to replace it recently.
 */
export type ServerState = 'in-use' | 'ready' | 'failing';

/** Redundant servers. */
export type ServerOrder<Server> = {
  /**
   * All servers: working ones in the order of the configuration, then those that failed recently, earliest failure
   * first.
   */
  list(): Server[];
  /**
   * The state of each server, in the order of the configuration. A server that replies but does not do the work is
   * `failing`, too.
   */
  states(): { server: Server; state: ServerState }[];
  /**
   * Tries each server once in that order, until a try is the end or the budget (ms) is used up. With several servers,
   * those with a momentary failure are then tried once more. Each try gets an even share of the remaining time as its
   * limit, so that a hanging server leaves time for the others.
   * @returns the outcome of the last try; undefined when there was no time for any
   */
  pass<Outcome>(budgetMs: number, attempt: (server: Server, limitMs: number) => Promise<Tried<Outcome>>): Promise<Outcome | undefined>;
};

/**
 * Remembers for `restMs` which servers failed, so that a dead first server does not cost every login its time limit. No
 * server is given up for good.
 */
export function openServerOrder<Server>(servers: readonly Server[], clock: Clock, restMs: number): ServerOrder<Server> {
  const failures = new Map<Server, number>();
  const setbacks = new Map<Server, number>();
  const failedAt = (server: Server): number => {
    const at = failures.get(server);
    return at === undefined || clock() - at >= restMs ? Number.NEGATIVE_INFINITY : at;
  };
  // Compares without subtraction, since both may be infinite; equal ones keep their order.
  const list = () => servers.toSorted((a, b) => (failedAt(a) === failedAt(b) ? 0 : failedAt(a) < failedAt(b) ? -1 : 1));
  const learn = (server: Server, said: Tried<unknown>['server']): void => {
    if (said === 'works') failures.delete(server);
    if (said === 'failed') failures.set(server, clock());
  };
  const isFailing = (server: Server): boolean => clock() - (setbacks.get(server) ?? Number.NEGATIVE_INFINITY) < restMs;
  const recordSetback = (server: Server, { server: said, isEnd }: Tried<unknown>): void => {
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
      // The list grows while it is walked, by servers to be tried a second time.
      for (const [index, server] of order.entries()) {
        const leftMs = end - performance.now();
        if (leftMs <= 0) break;
        const tried = await attempt(server, Math.max(1, Math.floor(leftMs / (order.length - index))));
        learn(server, tried.server);
        recordSetback(server, tried);
        last = tried.outcome;
        if (tried.isEnd) break;
        if (tried.isTransient && servers.length > 1 && index < servers.length) order.push(server);
      }
      return last;
    },
  };
}
