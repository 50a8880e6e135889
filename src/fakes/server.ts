import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Fake } from './exchange.ts';
import { type TurnOptions, takeTurn } from './turn.ts';

/** Where a fake listens, and how it treats connections. */
export type ServerOptions = TurnOptions & {
  host: string;
  /** 0: any free port. */
  port: number;
  /** The name in its URL; its certificate must hold it. */
  hostname: string;
  tls: { certificate: string; key: string };
  /** Certificates of this authority (PEM) prove a client. `required`: without one there is no connection. */
  client?: { authority: string; required: boolean };
  /** HTTP/2 only; else HTTP/1.1 on the same port too. */
  http2Only?: boolean;
};

/** A fake that listens. */
export type FakeServer = { url: string; close(): Promise<void> };

/** Starts a TLS server that lets a fake answer, and does to its answers what the faults say. */
export async function serveFake(fake: Fake, options: ServerOptions): Promise<FakeServer> {
  const server = createSecureServer(tlsOptions(options));
  const sockets = new Set<Socket>();
  // Counted from the first byte on: one that is still shaking hands is to be cut as well.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket) => void socket.on('error', () => undefined));
  // Clients that trust nobody, show no certificate or go away in the middle are their own affair.
  for (const event of ['sessionError', 'tlsClientError', 'clientError']) server.on(event, () => undefined);
  const url = `https://${options.hostname}:${await listen(server, options)}`;
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void takeTurn({ fake, options, url }, request, response);
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
