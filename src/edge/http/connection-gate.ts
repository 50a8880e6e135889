import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import { openShedding, type Shedding } from '../../engine/limits/index.ts';
import { openTally } from '../../foundation/cache/index.ts';
import type { ConnectionRefusalReason, Tell } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import { isInNetwork, isLoopback, networkOf, normalAddress, readNetworks } from '../../foundation/wire/networks.ts';
import type { Connection } from './connection.ts';
import { type HalfSent, openHalfSent } from './half-sent.ts';
import { openStreamPlaces, type StreamPlaces } from './stream-places.ts';
import { openRequestBounds, type UnderWay } from './under-way.ts';

/**
 * Limits on what strangers may use of a process: all connections, connections per network (0: no limit), and requests
 * that are not completely received.
 */
export type ConnectionBounds = { connections: number; connectionsPerNetwork: number; halfSentRequests: number };

/** Whether a peer may have many connections: a trusted proxy, an auth server, or this machine. */
export type IsKnownPeer = (address: string) => boolean;

/** Limits the connections of one process, over all its listeners. */
export type ConnectionGate = {
  /** Accepts a new connection, or closes it at once. */
  admits(socket: Socket, at: { listener: string; isKnownPeer: IsKnownPeer }): boolean;
  /** The half-sent requests of one listener. `cut` ends one of them. */
  halfSent(listener: string, cut: (connection: Connection) => void): HalfSent;
  /** The requests of one listener that are under way. */
  underWay(): UnderWay;
  /** The event streams of the process. */
  streams: StreamPlaces;
};

/** Measured: an idle connection costs 21 KiB, with TLS 61 KiB. Half-sent requests have their own limit. */
const bytesPerConnection = 65_536;
const shareOfMemory = 1 / 4;
/** Requests under way per listener, besides half-sent ones. Queued logins are at most half of them. */
const mostUnderWay = 1024;
/** The share of connections reserved for auth servers and proxies, so that strangers cannot lock them out. */
const shareForKnown = 1 / 8;
const logIntervalMs = 60_000;

/** How many connections fit into a quarter of this machine's or container's memory, shared by this many processes. */
export function connectionsByMemory(processes: number): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max(256, Math.floor((memory * shareOfMemory) / bytesPerConnection / processes));
}

/** Open files reserved for everything else: the store, push services, directories, files. */
const filesForOthers = 512;

/**
 * How many connections fit into this process's limit of open files; infinite when the limit is unknown.
 * @param limits the content of `/proc/self/limits` on Linux
 */
export function connectionsByFiles(limits = limitsOfProcess()): number {
  const [, soft] = /^Max open files +(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Math.max(16, Number(soft) - filesForOthers);
}

function limitsOfProcess(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

/** Peers in these networks, and this machine. */
export function knownPeers(networks: readonly string[]): IsKnownPeer {
  const known = readNetworks(networks);
  return (address) => isLoopback(address) || known.some((network) => isInNetwork(address, network));
}

type GateParts = { bounds: ConnectionBounds; metrics: Metrics; tell: Tell; refuse?: Shedding | undefined };

/** Opens the gate of a process. Reads `bounds` at each connection, so that they can change. */
export function openConnectionGate({ bounds, metrics, tell, refuse: shed = openShedding(metrics, tell) }: GateParts): ConnectionGate {
  let open = 0;
  const ofNetwork = openTally();
  const halfSent = new Set<Connection>();
  const refuse = openRefusals(metrics, tell);
  metrics.onCollect(() => {
    metrics.connections.open.set(open);
    metrics.connections.most.set(bounds.connections);
    metrics.connections.halfSent.set(halfSent.size);
  });
  const reasonAgainst = (network: string, isKnown: boolean): ConnectionRefusalReason | undefined => {
    const most = isKnown ? bounds.connections : Math.floor(bounds.connections * (1 - shareForKnown));
    if (open >= most) return 'process';
    const { connectionsPerNetwork: mostOfOne } = bounds;
    return !isKnown && mostOfOne > 0 && ofNetwork.of(network) >= mostOfOne ? 'network' : undefined;
  };
  const underWay = openRequestBounds({ most: () => bounds.halfSentRequests + mostUnderWay, metrics, refuse: shed });
  return {
    underWay,
    streams: openStreamPlaces({ connections: () => bounds.connections, metrics }),
    admits(socket, { listener, isKnownPeer }) {
      const client = normalAddress(socket.remoteAddress ?? '');
      const isKnown = isKnownPeer(client);
      const network = networkOf(client);
      const reason = reasonAgainst(network, isKnown);
      if (reason) {
        refuse(reason, { listener, client });
        socket.resetAndDestroy();
        return false;
      }
      const leave = isKnown ? () => undefined : ofNetwork.begin(network);
      open += 1;
      socket.once('close', () => {
        open -= 1;
        leave();
      });
      return true;
    },
    halfSent(listener, cut) {
      return openHalfSent(
        halfSent,
        () => bounds.halfSentRequests,
        (connection) => {
          refuse('half-sent', { listener, client: normalAddress(connection.remoteAddress ?? '') });
          cut(connection);
        },
      );
    },
  };
}

/**
 * Filters a server's new connections before anything is read from them. Call it after all other connection listeners
 * are set.
 */
export function guardConnections(server: Server, admits: (socket: Socket) => boolean): void {
  const accepting = server.listeners('connection');
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    if (admits(socket)) for (const accept of accepting) accept.call(server, socket);
  });
}

/** Counts refused connections and publishes one event a minute per reason, since a flood has many addresses. */
function openRefusals(metrics: Metrics, tell: Tell) {
  const loggedAt = new Map<ConnectionRefusalReason, number>();
  return (reason: ConnectionRefusalReason, { listener, client }: { listener: string; client: string }): void => {
    metrics.connections.refused.inc({ reason });
    const now = performance.now();
    if (now < (loggedAt.get(reason) ?? Number.NEGATIVE_INFINITY) + logIntervalMs) return;
    loggedAt.set(reason, now);
    tell({ kind: 'connections-refused', listener, client, reason });
  };
}
