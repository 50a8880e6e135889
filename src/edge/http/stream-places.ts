import { openTally } from '../../foundation/cache/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';

/** Limits the open event streams of a process. */
export type StreamPlaces = {
  /** Takes a place until the returned function is called; undefined when this auth server or the process has too many. */
  take(authServer: string): (() => void) | undefined;
};

/** The share of connections that streams may use, so that other requests still get one. */
const shareOfConnections = 3 / 4;
/** The share of these that one auth server may use, so that others still get one. */
const shareOfOne = 3 / 4;

/** Opens the places of a process. `connections`: how many connections it may have now. */
export function openStreamPlaces({ connections, metrics }: { connections: () => number; metrics: Metrics }): StreamPlaces {
  const ofServer = openTally();
  let open = 0;
  const most = (): number => Math.floor(connections() * shareOfConnections);
  metrics.onCollect(() => {
    metrics.streams.open.set(open);
    metrics.streams.most.set(most());
  });
  return {
    take(authServer) {
      const reason = open >= most() ? 'process' : ofServer.of(authServer) >= Math.floor(most() * shareOfOne) ? 'auth-server' : undefined;
      if (reason) {
        metrics.streams.refused.inc({ reason });
        return undefined;
      }
      open += 1;
      const leave = ofServer.begin(authServer);
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        open -= 1;
        leave();
      };
    },
  };
}
