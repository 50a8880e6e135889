import type { IncomingMessage } from 'node:http';
import { type Connection, connectionOf } from './connection.ts';

/** The half-sent requests of a listener: begun but not completely received. A new connection counts as one. */
export type HalfSent = {
  /** Watches a connection from now on. */
  watch(connection: Connection): void;
  /** The head of a request has arrived; its body may be outstanding. */
  arrived(request: IncomingMessage): void;
};

/**
 * Tracks half-sent requests. `begun` is shared by all listeners of a process, oldest first; beyond `most()` the oldest
 * is cut. Honest clients finish within a moment, so the oldest sender is slow on purpose, and others are not locked
 * out.
 */
export function openHalfSent(begun: Set<Connection>, most: () => number, cut: (connection: Connection) => void): HalfSent {
  const begin = (connection: Connection): void => {
    if (begun.has(connection)) return;
    begun.add(connection);
    const [oldest] = begun;
    if (begun.size <= most() || !oldest) return;
    begun.delete(oldest);
    cut(oldest);
  };
  const end = (connection: Connection): void => void begun.delete(connection);
  return {
    watch(connection) {
      // A request that comes back for its reply has been read.
      if (!connection.hasComeBack) begin(connection);
      connection.onBytes = () => begin(connection);
      connection.once('close', () => end(connection));
    },
    arrived(request) {
      const connection = connectionOf(request);
      if (!hasBody(request)) return end(connection);
      request.once('end', () => end(connection)).once('close', () => end(connection));
    },
  };
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
