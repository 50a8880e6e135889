import type { Clock } from '../model/index.ts';

/** In which order servers that can stand in for one another are asked. */
export type ServerOrder<Server> = {
  /** All of them: those that work in the order of the configuration, then those that failed lately, the one that failed first before the others. */
  list(): Server[];
  failed(server: Server): void;
  worked(server: Server): void;
};

/** Remembers for `restMs` which servers failed, so that a dead first one does not cost every login its time limit. None is ever given up. */
export function openServerOrder<Server>(servers: readonly Server[], clock: Clock, restMs: number): ServerOrder<Server> {
  const failures = new Map<Server, number>();
  const failedAt = (server: Server): number => {
    const at = failures.get(server);
    return at === undefined || clock() - at >= restMs ? Number.NEGATIVE_INFINITY : at;
  };
  return {
    // Equal ones keep their order, and infinities cannot be subtracted from one another.
    list: () => servers.toSorted((a, b) => (failedAt(a) === failedAt(b) ? 0 : failedAt(a) < failedAt(b) ? -1 : 1)),
    failed: (server) => void failures.set(server, clock()),
    worked: (server) => void failures.delete(server),
  };
}
