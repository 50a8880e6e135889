import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import Koa from 'koa';
import { GatewayFault, systemCode, type Tell } from '../../foundation/model/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import { putInFront } from './connection.ts';
import { openHolding } from './held.ts';
import { hostAndPort } from './listener-config.ts';
import type { ListenerSecrets } from './listener-tls.ts';
import { observe, startRequests } from './observe.ts';
import { report, reportUnsent } from './report.ts';
import { openServices, type Service } from './service.ts';
import { tlsRefusals } from './tls-refusals.ts';

/**
 * An address that is listened on. `renew` takes other certificates for the connections that are still to come, `serve` another service for the requests
 * that are. `close` takes no new request, waits `limitMs` for those under way, then cuts them off.
 */
export type Listener = {
  url: string;
  renew(secrets: ListenerSecrets): void;
  serve(service: Service): void;
  close(limitMs: number): Promise<void>;
};

/** What a listener serves, and where it tells what happens; with `tls` it speaks nothing but HTTPS. */
export type ListenerOptions = Service & {
  address: string;
  log: Log;
  metrics: Metrics;
  draining: { now: boolean };
  tls?: ListenerSecrets | undefined;
  tell?: Tell | undefined;
};

/** A phone or plug-in that takes longer to send a request than this (ms) is cut off. */
const requestTimeoutMs = 30_000;
const headersTimeoutMs = 10_000;
const keepAliveMs = 60_000;
/** Connections that the kernel keeps while we are busy; it may allow less (net.core.somaxconn). Of Node's own 511 a burst of 2,000 logins lost 114. */
const backlog = 4096;

/** Listens. Throws `config-invalid` with one sentence when the address cannot be had. */
export async function openListener({
  address,
  mounts,
  begin,
  log,
  metrics,
  draining,
  tls,
  tell = () => undefined,
}: ListenerOptions): Promise<Listener> {
  const app = new Koa();
  const times = { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs, keepAliveTimeout: keepAliveMs };
  const secure = tls && createTlsServer({ ...times, ...tls.options, handshakeTimeout: headersTimeoutMs });
  if (secure) secure.on('tlsClientError', tlsRefusals(address, { tell, metrics }));
  const server: Server | TlsServer = secure ?? createServer(times);
  const { middleware, cutOff } = openHolding(putInFront(server, secure ? 'secureConnection' : 'connection'));
  app.use(middleware);
  startRequests(metrics, mounts);
  app.use(observe({ log, metrics, draining }));
  const services = openServices({ mounts, begin }, (ctx, error) => report({ log, metrics }, ctx, error));
  app.use(services.middleware);
  app.on('error', (error: unknown) => reportUnsent(log, error));
  server.on('request', app.callback());
  server.on('clientError', (error, socket) => answerGarbage(error, socket));
  const url = await listen(server, address, secure ? 'https' : 'http');
  return {
    url,
    renew: ({ options }) => secure?.setSecureContext(options),
    serve(service) {
      startRequests(metrics, service.mounts);
      services.serve(service);
    },
    close: (limitMs) => close(server, limitMs, cutOff),
  };
}

async function listen(server: Server | TlsServer, address: string, scheme: 'http' | 'https'): Promise<string> {
  const { host, port } = hostAndPort(address) ?? { host: '', port: -1 };
  try {
    server.listen({ port, host, backlog });
    await once(server, 'listening');
  } catch (error) {
    throw new GatewayFault('config-invalid', `Cannot listen on ${address}: ${whyNot(systemCode(error))}`, error);
  }
  const bound = server.address();
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${shownHost}:${typeof bound === 'object' && bound ? bound.port : port}`;
}

function whyNot(code: string): string {
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

/** What is not HTTP gets a short answer and no more of our time. */
function answerGarbage(error: Error, socket: Duplex): void {
  if (!socket.writable || systemCode(error) === 'ECONNRESET') return void socket.destroy();
  const body = JSON.stringify({ error: 'Bad request' });
  const status = systemCode(error) === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
}

async function close(server: Server | TlsServer, limitMs: number, cutOff: () => void): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const cut = setTimeout(() => {
    server.closeAllConnections();
    cutOff();
  }, limitMs);
  await closed;
  clearTimeout(cut);
}
