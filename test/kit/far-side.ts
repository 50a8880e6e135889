import { once } from 'node:events';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { selfSigned } from '../foundation/wire/self-signed.ts';
import type { Cleanup } from './temporary.ts';

/** How the far side treats a request. */
export type Behaviour =
  | { kind: 'reply'; status: number; body?: string; headers?: Record<string, string> }
  | { kind: 'hang' | 'hang-after-headers' | 'drip' | 'reset' | 'goaway' };

/** A received request. */
export type Seen = { method: string; path: string; headers: Record<string, unknown>; body: string; bytes: Buffer };

/** Paths with their own behaviour, independent of the test's; only the function sees their requests. */
export type SidePaths = Readonly<Record<string, (request: Seen) => Behaviour>>;

/** A real TLS server on loopback (HTTP/1.1 and HTTP/2) with scripted behaviour. */
export type FarSide = {
  url: string;
  /** The authority of its certificate. */
  ca: string;
  requests: Seen[];
  behave(...behaviours: [Behaviour, ...Behaviour[]]): void;
  /** Resolves when the sender cancels an open request. */
  cancelled: Promise<void>;
};

/** Starts a far side. Each request takes the next behaviour; the last one stays. */
export async function farSide(undo: Cleanup, options: { clientCa?: string; sidePaths?: SidePaths } = {}): Promise<FarSide> {
  let behaviours: Behaviour[] = [{ kind: 'reply', status: 200 }];
  let isCancelled = (): void => undefined;
  const cancelled = new Promise<void>((resolve) => {
    isCancelled = resolve;
  });
  const requests: FarSide['requests'] = [];
  const client = options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: true };
  const server = createSecureServer({ key: selfSigned.key, cert: selfSigned.cert, allowHTTP1: true, ...client });
  const sockets = new Set<{ destroy(): void }>();
  server.on('secureConnection', (socket) => sockets.add(socket));
  server.on('sessionError', () => undefined);
  server.on('request', async (request: Http2ServerRequest, response: Http2ServerResponse) => {
    request.on('aborted', () => isCancelled()).on('error', () => undefined);
    response.on('error', () => undefined).on('close', () => response.writableEnded || isCancelled());
    const side = options.sidePaths?.[request.url];
    const [behaviour = { kind: 'hang' as const }] = behaviours;
    if (!side && behaviours.length > 1) behaviours = behaviours.slice(1);
    const bytes = await buffer(request).catch(() => Buffer.alloc(0));
    const seen = { method: request.method, path: request.url, headers: { ...request.headers }, body: bytes.toString(), bytes };
    if (!side) requests.push(seen);
    act(side ? side(seen) : behaviour, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}`,
    ca: selfSigned.cert,
    requests,
    cancelled,
    behave: (...next) => {
      behaviours = next;
    },
  };
}

function act(behaviour: Behaviour, request: Http2ServerRequest, response: Http2ServerResponse): void {
  switch (behaviour.kind) {
    case 'reply':
      response.writeHead(behaviour.status, behaviour.headers ?? {});
      response.end(behaviour.body ?? '');
      break;
    case 'hang':
      break;
    case 'hang-after-headers':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
      break;
    case 'drip': {
      response.writeHead(200, { 'content-type': 'application/json' });
      const dripping = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(dripping));
      break;
    }
    case 'reset':
      request.socket.destroy();
      break;
    case 'goaway':
      request.stream?.session?.goaway(0, Math.max(1, (request.stream.id ?? 1) - 2));
      break;
    default:
      behaviour satisfies never;
  }
}
