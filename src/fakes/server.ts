import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Fake } from './exchange.ts';
import { type HandlingOptions, handleRequest } from './handle-request.ts';

/** Where a fake listens, and its connection options. */
export type ServerOptions = HandlingOptions & {
  host: string;
  /** 0: any free port. */
  port: number;
  /** The host name in its URL; its certificate must name it. */
  hostname: string;
  tls: { certificate: string; key: string };
  /** Client certificates of this authority (PEM) are trusted. `required`: connections without one are refused. */
  client?: { authority: string; required: boolean };
  /** HTTP/2 only; by default also HTTP/1.1 on the same port. */
  http2Only?: boolean;
};

/** A listening fake. */
export type FakeServer = { url: string; close(): Promise<void> };

/** Starts a TLS server for a fake, and applies faults to its replies. */
export async function serveFake(fake: Fake, options: ServerOptions): Promise<FakeServer> {
  const server = createSecureServer(tlsOptions(options));
  const sockets = new Set<Socket>();
  // Tracked from the first byte, so that sockets in a handshake are closed, too.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => void socket.on('error', () => undefined));
  // Failed handshakes and disconnects are the clients' problem.
  for (const event of ['sessionError', 'tlsClientError', 'clientError']) server.on(event, () => undefined);
  const url = `https://${options.hostname}:${await listen(server, options)}`;
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void handleRequest({ fake, options, url }, request, response);
  });
  return {
    url,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function tlsOptions({ tls, client, http2Only = false, firstStreamAlone = false }: ServerOptions) {
  return {
    key: tls.key,
    cert: tls.certificate,
    allowHTTP1: !http2Only,
    ...(firstStreamAlone && { settings: { maxConcurrentStreams: 1 } }),
    ...(client && { ca: client.authority, requestCert: true, rejectUnauthorized: client.required }),
  };
}

async function listen(server: Http2SecureServer, { host, port }: ServerOptions): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}
