import { openTally } from '../../foundation/cache/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';

/** The client of a stream: an auth server itself, or a browser with one of its waiting pages. */
export type StreamReader = 'auth-server' | 'waiting-page';

/** Limits the open event streams of a process. */
export type StreamPlaces = {
  /** Takes a place until the returned function is called; undefined when this auth server or the process has too many. */
  take(authServer: string, reader: StreamReader): (() => void) | undefined;
};

/** The share of connections that streams may use, so that other requests still get one. */
const shareOfConnections = 3 / 4;
/** The share of these that one auth server may use, so that others still get one. */
const shareOfOne = 3 / 4;
/** The share of these that its waiting pages may use: any browser with the address of a page can open many streams. */
const shareOfPages = 1 / 2;

/** Opens the places of a process. `connections`: how many connections it may have now. */
export function openStreamPlaces({ connections, metrics }: { connections: () => number; metrics: Metrics }): StreamPlaces {
  const ofServer = openTally();
  const ofPages = openTally();
  let open = 0;
  const most = (): number => Math.floor(connections() * shareOfConnections);
  metrics.onCollect(() => {
    metrics.streams.open.set(open);
    metrics.streams.most.set(most());
  });
  const reasonAgainst = (authServer: string, reader: StreamReader): StreamReader | 'process' | undefined => {
    if (open >= most()) return 'process';
    const mostOfOne = most() * shareOfOne;
    if (ofServer.of(authServer) >= Math.floor(mostOfOne)) return 'auth-server';
    const isFull = reader === 'waiting-page' && ofPages.of(authServer) >= Math.floor(mostOfOne * shareOfPages);
    return isFull ? 'waiting-page' : undefined;
  };
  return {
    take(authServer, reader) {
      const reason = reasonAgainst(authServer, reader);
      if (reason) {
        metrics.streams.refused.inc({ reason });
        return undefined;
      }
      open += 1;
      const leaves = [ofServer.begin(authServer), ...(reader === 'waiting-page' ? [ofPages.begin(authServer)] : [])];
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        open -= 1;
        for (const leave of leaves) leave();
      };
    },
  };
}
