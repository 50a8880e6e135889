import type { IncomingMessage } from 'node:http';
import { type Connection, connectionOf } from './connection.ts';

/** The requests of a listener that have begun and are not whole yet; a new connection counts as one. */
export type HalfSent = {
  /** Looks after a connection from now on. */
  watch(connection: Connection): void;
  /** The head of a request is there; its body may still be on its way. */
  arrived(request: IncomingMessage): void;
};

/**
 * Opens them. `begun` is shared by all listeners of a process, the oldest first; beyond `most` the oldest one is cut. An honest client is done within a moment, so
 * the oldest is one that sends slowly on purpose, and nobody else is kept out.
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
      // A request that comes back to be answered has been read.
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
