import type { ClientHttp2Session } from 'node:http2';
import { request as requestTls } from 'node:https';
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { WireOptions } from './http.ts';
import { socketHost } from './networks.ts';
import { nodeHttp, nodeHttp2 } from './node-http.ts';
import { proxyAuthorization } from './proxy.ts';
import { secureContextOf } from './secure-context.ts';

/** An error with a code known to `wireErrorOf`. */
class ConnectFailed extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Opens an HTTP/2 connection to an origin, through a proxy if there is one, and waits for the server's SETTINGS frame,
 * which limits concurrent streams (APNs allows one until it has seen valid credentials). Rejects with the error of the
 * system or of TLS, and when `givenUp` fires.
 */
export async function connectHttp2(origin: string, options: WireOptions, givenUp: AbortSignal): Promise<ClientHttp2Session> {
  const { connectTimeoutMs = 10_000 } = options;
  const socket = await socketTo(new URL(origin), options, givenUp);
  const session = nodeHttp2().connect(origin, { createConnection: () => socket });
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      clearTimeout(late);
      givenUp.removeEventListener('abort', onGivenUp);
      // A session that never started does not destroy its socket.
      socket.destroy();
      reject(error);
    };
    const late = setTimeout(() => fail(new ConnectFailed('ETIMEDOUT', 'connecting took too long')), connectTimeoutMs);
    const onClose = (): void => fail(new ConnectFailed('ECONNRESET', 'the connection was closed'));
    const onGivenUp = (): void => fail(givenUp.reason);
    givenUp.addEventListener('abort', onGivenUp, { once: true });
    session.once('error', fail).once('close', onClose);
    // A server that rejects our certificate ends the socket; the session does not report that.
    socket.once('error', fail).once('close', onClose);
    session.once('remoteSettings', () => {
      clearTimeout(late);
      givenUp.removeEventListener('abort', onGivenUp);
      socket.off('error', fail).off('close', onClose);
      // From here on, users of the session see its end through their streams.
      session
        .off('error', fail)
        .off('close', onClose)
        .on('error', () => undefined);
      resolve(session);
    });
  });
}

async function socketTo(url: URL, options: WireOptions, givenUp: AbortSignal): Promise<Duplex> {
  const { ca, verifyTls = true, clientCertificate, proxy, connectTimeoutMs = 10_000 } = options;
  const { hostname, port, protocol } = url;
  const host = socketHost(url);
  const target = { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) };
  const through = { target: `${hostname}:${target.port}`, limitMs: connectTimeoutMs, givenUp };
  const tunnel = proxy === undefined ? undefined : await tunnelThrough(proxy, through);
  if (protocol !== 'https:') return tunnel ?? connectTcp(target);
  return connectTls({
    ...(tunnel ? { socket: tunnel } : target),
    ...(isIP(host) === 0 && { servername: host }),
    secureContext: secureContextOf({ ca, clientCertificate }),
    rejectUnauthorized: verifyTls,
    ALPNProtocols: ['h2'],
  });
}

type TunnelOptions = { target: string; limitMs: number; givenUp: AbortSignal };

/** Connects to `target` (host:port) through an HTTP proxy. */
function tunnelThrough(proxy: string, { target, limitMs, givenUp }: TunnelOptions): Promise<Duplex> {
  const url = new URL(proxy);
  const [{ protocol, port }, host] = [url, socketHost(url)];
  const authorization = proxyAuthorization(proxy);
  const headers = { host: target, ...(authorization !== undefined && { 'proxy-authorization': authorization }) };
  const send = protocol === 'https:' ? requestTls : nodeHttp().request;
  return new Promise((resolve, reject) => {
    const asked = send({
      host,
      // Node would take the server name from the Host header, which names the target.
      servername: isIP(host) === 0 ? host : '',
      port: port || (protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers,
      signal: givenUp,
    });
    // One limit for the whole exchange: a proxy might send data for ever.
    const late = setTimeout(() => asked.destroy(new ConnectFailed('ETIMEDOUT', 'the proxy took too long')), limitMs);
    asked.once('close', () => clearTimeout(late));
    asked.once('error', reject);
    asked.once('connect', (reply, socket) => {
      clearTimeout(late);
      if (reply.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new ConnectFailed('ECONNREFUSED', `the proxy answered ${reply.statusCode}`));
    });
    asked.end();
  });
}
