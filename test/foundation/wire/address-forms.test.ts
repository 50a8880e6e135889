import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { openHttp, openHttp2 } from '../../../src/foundation/wire/index.ts';
import { cleanup } from '../../kit/temporary.ts';
import { selfSigned } from './self-signed.ts';

describe('An address in the configuration of an outgoing connection', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const listening = async (server: Server, host: string): Promise<number> => {
    server.listen(0, host);
    await once(server, 'listening');
    undo.later(() => void server.close());
    return (server.address() as AddressInfo).port;
  };
  /** A proxy that connects to every requested address. */
  const givenProxy = (host: string): Promise<number> =>
    listening(
      createServer().on('connect', (request, client) => {
        const { hostname, port } = new URL(`http://${request.url}`);
        const target = connect(Number(port), hostname.replace(/^\[|\]$/g, ''), () => {
          client.write('HTTP/1.1 200 Connection established\r\n\r\n');
          target.pipe(client).pipe(target);
        });
        for (const socket of [client, target]) socket.on('error', () => undefined);
        undo.later(() => void client.destroy());
        undo.later(() => void target.destroy());
      }),
      host,
    );

  /** How a host is written in a URL, and where its server listens; each row is one case. */
  const hosts: [written: string, listens: string][] = [
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['[::1]', '::1'],
    ['[0:0:0:0:0:0:0:1]', '::1'],
    ['[::ffff:127.0.0.1]', '127.0.0.1'],
  ];
  for (const [written, listens] of hosts) {
    for (const isProxied of [false, true]) {
      const way = isProxied ? `${written} by a proxy there` : written;

      it(`leads to its server by HTTP/1.1: ${way}`, async () => {
        const port = await listening(
          createTlsServer(selfSigned, (_request, reply) => void reply.end('here')),
          listens,
        );
        const proxy = isProxied ? `http://${written}:${await givenProxy(listens)}` : undefined;
        const http = openHttp({ proxy, verifyTls: false });
        undo.later(() => http.close());
        const reply = await http.request({ method: 'GET', url: `https://${written}:${port}/`, signal: AbortSignal.timeout(5000) });
        assert.equal(reply.ok && reply.value.body, 'here');
      });

      it(`leads to its server by HTTP/2: ${way}`, async () => {
        const server = createSecureServer(selfSigned).on('stream', (stream) => {
          stream.respond({ ':status': 200 });
          stream.end('here');
        });
        const port = await listening(server, listens);
        const proxy = isProxied ? `http://${written}:${await givenProxy(listens)}` : undefined;
        const http = openHttp2(`https://${written}:${port}`, { proxy, verifyTls: false });
        undo.later(() => http.close());
        const reply = await http.request({ method: 'GET', path: '/', signal: AbortSignal.timeout(5000) });
        assert.equal(reply.ok && reply.value.body, 'here');
      });
    }
  }
});
