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
import { openRequestBounds, type UnderWay } from './under-way.ts';

/**
 * How much of a process strangers may hold: connections of all together, connections of one network, and requests that have begun and are not whole yet.
 * 0 connections per network: as many as there are.
 */
export type ConnectionBounds = { connections: number; connectionsPerNetwork: number; halfSentRequests: number };

/** Whether a peer is one of those that may have many connections: a trusted proxy, an auth server, this machine. */
export type IsKnownPeer = (address: string) => boolean;

/** Bounds the connections of one process, over all its listeners. */
export type ConnectionGate = {
  /** Takes a new connection, or closes it at once. */
  admits(socket: Socket, at: { listener: string; isKnownPeer: IsKnownPeer }): boolean;
  /** The requests of one listener that have begun and are not whole yet. `cut` ends one of them. */
  halfSent(listener: string, cut: (connection: Connection) => void): HalfSent;
  /** The requests of one listener that are under way. */
  underWay(): UnderWay;
};

/** Measured: an idle connection costs 21 KiB, with TLS 61 KiB; what is on its way to be a request is bounded by itself. */
const bytesPerConnection = 65_536;
const shareOfMemory = 1 / 4;
/** Requests that one listener has under way beside half-sent ones. Logins that wait for their turn are at most half of them. */
const mostUnderWay = 1024;
/** What strangers cannot take: with all the rest in their hands, auth servers and proxies still get in. */
const keptForKnown = 1 / 8;
const onceInMs = 60_000;

/** How many connections fit into a quarter of the memory of this machine, or of its container, where so many processes share it. */
export function connectionsByMemory(processes: number): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max(256, Math.floor((memory * shareOfMemory) / bytesPerConnection / processes));
}

/** What a process needs beside its connections: the store, push services, directories, files that are read. */
const filesForOthers = 512;

/**
 * How many connections fit beside everything else into the open files that the system lets this process have; no limit where it does not say.
 * @param limits what Linux shows in `/proc/self/limits`
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

/** Knows the peers of these networks, and this machine. */
export function knownPeers(networks: readonly string[]): IsKnownPeer {
  const known = readNetworks(networks);
  return (address) => isLoopback(address) || known.some((network) => isInNetwork(address, network));
}

type GateParts = { bounds: ConnectionBounds; metrics: Metrics; tell: Tell; refuse?: Shedding | undefined };

/** Opens the gate of a process. `bounds` are read anew at each connection. */
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
    const most = isKnown ? bounds.connections : Math.floor(bounds.connections * (1 - keptForKnown));
    if (open >= most) return 'process';
    const { connectionsPerNetwork: mostOfOne } = bounds;
    return !isKnown && mostOfOne > 0 && ofNetwork.of(network) >= mostOfOne ? 'network' : undefined;
  };
  const underWay = openRequestBounds({ most: () => bounds.halfSentRequests + mostUnderWay, metrics, refuse: shed });
  return {
    underWay,
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

/** Lets a server take only the connections that are admitted, before anything is read from them. Called after all others who listen for connections. */
export function guardConnections(server: Server, admits: (socket: Socket) => boolean): void {
  const accepting = server.listeners('connection');
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    if (admits(socket)) for (const accept of accepting) accept.call(server, socket);
  });
}

/** Counts what is refused, and tells of it once a minute for each reason: a flood has many addresses. */
function openRefusals(metrics: Metrics, tell: Tell) {
  const toldAt = new Map<ConnectionRefusalReason, number>();
  return (reason: ConnectionRefusalReason, { listener, client }: { listener: string; client: string }): void => {
    metrics.connections.refused.inc({ reason });
    const now = performance.now();
    if (now < (toldAt.get(reason) ?? Number.NEGATIVE_INFINITY) + onceInMs) return;
    toldAt.set(reason, now);
    tell({ kind: 'connections-refused', listener, client, reason });
  };
}
