import type { Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Koa from 'koa';
import { GatewayFault, systemCode, type Tell } from '../../foundation/model/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import { nodeHttp, reasonPhrase } from '../../foundation/wire/index.ts';
import { type Listening, listenOnManySockets } from './acceptors.ts';
import { putInFront } from './connection.ts';
import { type ConnectionGate, connectionsByMemory, guardConnections, knownPeers, openConnectionGate } from './connection-gate.ts';
import type { OnDefect } from './dispatch.ts';
import { openHolding } from './held.ts';
import { hostAndPort } from './host-and-port.ts';
import type { ListenerSecrets } from './listener-tls.ts';
import { observe, startRequests } from './observe.ts';
import { report, reportUnsent } from './report.ts';
import { openServices, type Service } from './service.ts';
import { tlsRefusals } from './tls-refusals.ts';

/**
 * A listening address. `renew` changes the certificates of new connections, `serve` the service of new requests.
 * `close` takes no new requests, waits up to `limitMs` for those under way, then cuts them off.
 */
export type Listener = {
  url: string;
  renew(secrets: ListenerSecrets): void;
  serve(service: Service): void;
  close(limitMs: number): Promise<void>;
};

/** The service of a listener and the parts that it reports to; with `tls` it serves HTTPS only. */
export type ListenerOptions = Service & {
  address: string;
  log: Log;
  metrics: Metrics;
  draining: { now: boolean };
  tls?: ListenerSecrets | undefined;
  tell?: Tell | undefined;
  /** The gate of the process; by default the listener has its own. */
  gate?: ConnectionGate | undefined;
  times?: ListenerTimes | undefined;
};

/**
 * Limits (ms) for receiving the head of a request and the whole request, and the interval at which they are checked.
 */
export type ListenerTimes = { headersTimeout: number; requestTimeout: number; connectionsCheckingInterval: number };

/** The times of every listener of a gateway. Node's default interval is 30 s, which would turn 10 s into up to 40. */
export const usualTimes: ListenerTimes = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 };
const keepAliveMs = 60_000;
/** How long a client may take to read the reply to an unread request (ms). */
const lingerMs = 1000;
const usualBounds = { connections: connectionsByMemory(1), connectionsPerNetwork: 256, halfSentRequests: 1024 };

/** Starts listening. Throws `config-invalid` with one sentence when the address is not available. */
export async function openListener({
  address,
  log,
  metrics,
  draining,
  tls,
  tell = () => undefined,
  gate = openConnectionGate({ bounds: usualBounds, metrics, tell }),
  times: limits = usualTimes,
  ...service
}: ListenerOptions): Promise<Listener> {
  const app = new Koa();
  const times = { ...limits, keepAliveTimeout: keepAliveMs };
  const secure = tls && createTlsServer({ ...times, ...tls.options, handshakeTimeout: limits.headersTimeout });
  if (secure) secure.on('tlsClientError', tlsRefusals(address, { tell, metrics }));
  const server: Server | TlsServer = secure ?? nodeHttp().createServer(times);
  const halfSent = gate.halfSent(address, (connection) => answerUnread(connection, 408));
  const { middleware, streams, cutOff } = openHolding(putInFront(server, secure ? 'secureConnection' : 'connection', halfSent.watch));
  let { isKnownPeer = noNetworks } = service;
  guardConnections(server, (socket) => gate.admits(socket, { listener: address, isKnownPeer }));
  const { mounts, begin, storeMs } = service;
  app.use(middleware);
  startRequests(metrics, mounts);
  app.use(observe({ log, metrics, draining }));
  const onDefect: OnDefect = (ctx, error) => report({ log, metrics }, ctx, error);
  const services = openServices({ mounts, begin, storeMs }, { onDefect, underWay: gate.underWay() });
  app.use(services.middleware);
  app.on('error', (error: unknown) => reportUnsent(log, error));
  server.on('request', halfSent.arrived).on('request', app.callback());
  server.on('clientError', (error, socket) => answerGarbage(error, socket));
  const listening = await listen(server, address);
  return {
    url: urlOf(secure ? 'https' : 'http', address, listening),
    renew: ({ options }) => secure?.setSecureContext(options),
    serve(next) {
      ({ isKnownPeer = noNetworks } = next);
      startRequests(metrics, next.mounts);
      services.serve(next);
      streams.renew();
    },
    close: (limitMs) => close(server, listening, { limitMs, endStreams: streams.end, cutOff }),
  };
}

const noNetworks = knownPeers([]);

async function listen(server: Server | TlsServer, address: string): Promise<Listening> {
  try {
    return await listenOnManySockets(server, hostAndPort(address) ?? { host: '', port: -1 });
  } catch (error) {
    throw new GatewayFault('config-invalid', `Cannot listen on ${address}: ${listenProblem(systemCode(error))}`, error);
  }
}

function urlOf(scheme: 'http' | 'https', address: string, { port }: Listening): string {
  const { host = '' } = hostAndPort(address) ?? {};
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function listenProblem(code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program listens there. Stop it, or choose another port in listeners[].address (--port of serve does it for the first listener).';
    case 'EACCES':
      return 'this user may not use that port. Choose one from 1024 on in listeners[].address (--port of serve does it for the first listener).';
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'this machine has no such address. Correct listeners[].address.';
    default:
      return `the system says ${code}. Correct listeners[].address.`;
  }
}

/** Sends a short error to anything that is not HTTP, and closes. */
function answerGarbage(error: Error, socket: Duplex): void {
  const code = systemCode(error);
  if (code === 'ECONNRESET') return void socket.destroy();
  answerUnread(socket, statusOfParseError[code] ?? 400);
}

const statusOfParseError: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

/** Replies to a request that is not read, and closes the connection once the client has had time for the reply. */
function answerUnread(socket: Duplex, status: number): void {
  if (!socket.writable) return void socket.destroy();
  const reason = reasonPhrase(status) ?? '';
  const body = JSON.stringify({ error: status === 400 ? 'Bad request' : reason });
  const head = [`HTTP/1.1 ${status} ${reason}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Closing with unread bytes would reset the connection, and the reply would be lost.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}

type Draining = { limitMs: number; endStreams: () => void; cutOff: () => void };

async function close(server: Server | TlsServer, listening: Listening, { limitMs, endStreams, cutOff }: Draining): Promise<void> {
  // Reads what clients have already sent: closing before that would reset their connections. Their replies announce the
  // close.
  for (let turn = 0; turn < 2; turn += 1) await nextTurn();
  const closed = listening.close();
  endStreams();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    server.closeAllConnections();
    cutOff();
  }, limitMs);
  await closed;
  clearTimeout(cut);
}
