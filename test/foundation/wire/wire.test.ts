import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createRawServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Http, openHttp, type WireOptions } from '../../../src/foundation/wire/index.ts';
import { cleanup } from '../../kit/temporary.ts';
import { selfSigned } from './self-signed.ts';

describe('HTTP out', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenHttp = (options: WireOptions = {}): Http => {
    const http = openHttp(options);
    undo.later(() => http.close());
    return http;
  };
  const listening = async (server: Server, scheme = 'http'): Promise<string> => {
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    undo.later(() => new Promise((gone) => server.close(gone)));
    return `${scheme}://127.0.0.1:${portOf(server)}/`;
  };
  const givenServer = (handler: RequestListener) => {
    const server = createServer(handler);
    undo.later(() => server.closeAllConnections());
    return listening(server);
  };
  const givenSocket = (greeting: (socket: Socket) => void) =>
    listening(
      createRawServer((socket) => {
        undo.later(() => socket.destroy());
        socket.on('error', () => socket.destroy());
        socket.once('data', () => greeting(socket));
      }),
    );

  it('sends the given request, and returns status, headers and body', async () => {
    // given a server that echoes its request
    const url = await givenServer(async (request, response) => {
      const body = await text(request);
      response.writeHead(201, { 'X-Kind': 'echo', 'Set-Cookie': ['a=1', 'b=2'] });
      response.end(`${request.method} ${request.url} ${request.headers['x-mine']} ${body}`);
    });
    // when something is posted
    const reply = await givenHttp().request({ method: 'POST', url: `${url}a?b=c`, headers: { 'X-Mine': 'yes' }, body: 'Grüße' });
    // then all of it made the journey
    assert.ok(reply.ok);
    assert.equal(reply.value.status, 201);
    assert.equal(reply.value.headers['x-kind'], 'echo');
    assert.equal(reply.value.headers['set-cookie'], 'a=1, b=2');
    assert.equal(reply.value.body, 'POST /a?b=c yes Grüße');
  });

  it('returns a refusal or a redirect as a reply', async () => {
    // given a server that sends callers elsewhere
    let calls = 0;
    const url = await givenServer((_, response) => {
      calls += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    // when it is asked
    const reply = await givenHttp().request({ method: 'GET', url });
    // then the redirect is shown, not followed
    assert.ok(reply.ok);
    assert.equal(reply.value.status, 302);
    assert.equal(calls, 1);
  });

  it('ends with `timeout` at the deadline, also in the middle of a body', async () => {
    // given a server that never finishes
    const url = await givenServer((_, response) => void response.writeHead(200).write('half'));
    // when the caller waits 50 ms
    const started = performance.now();
    const reply = await givenHttp().request({ method: 'GET', url, signal: AbortSignal.timeout(50) });
    // then it is over soon after
    assert.deepEqual(reply, { ok: false, error: 'timeout' });
    assert.ok(performance.now() - started < 1_000);
  });

  it('ends with `aborted` when the caller gives up', async () => {
    const url = await givenServer(() => undefined);
    const caller = new AbortController();
    // given a call under way
    const call = givenHttp().request({ method: 'GET', url, signal: caller.signal });
    // when its caller goes
    caller.abort();
    // then the call ends as that
    assert.deepEqual(await call, { ok: false, error: 'aborted' });
  });

  it('ends with `aborted` or `timeout` without a connection when the signal fired before', async () => {
    const http = givenHttp();
    const url = 'http://127.0.0.1:1/';
    assert.deepEqual(await http.request({ method: 'GET', url, signal: AbortSignal.abort() }), { ok: false, error: 'aborted' });
    const late = AbortSignal.abort(new DOMException('late', 'TimeoutError'));
    assert.deepEqual(await http.request({ method: 'GET', url, signal: late }), { ok: false, error: 'timeout' });
  });

  it('ends with `connection` where nobody listens, where the name is unknown, and where the line is cut', async () => {
    const http = givenHttp();
    // given a port that has just been closed, a name that cannot exist, and a server that hangs up
    const server = createServer();
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const port = portOf(server);
    await new Promise((gone) => server.close(gone));
    const cut = await givenSocket((socket) => socket.destroy());
    // when they are called, then each is a connection that failed
    for (const url of [`http://127.0.0.1:${port}/`, 'http://nobody.invalid/', cut]) {
      assert.deepEqual(await http.request({ method: 'GET', url }), { ok: false, error: 'connection' }, url);
    }
  });

  it('ends with `connection` where the proxy does not let us through', async () => {
    const proxy = createServer().on('connect', (_request, client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
    undo.later(() => proxy.close());
    const reply = await givenHttp({ proxy: `http://127.0.0.1:${portOf(proxy)}` }).request({
      method: 'GET',
      url: 'https://nobody.invalid/',
    });
    assert.deepEqual(reply, { ok: false, error: 'connection' });
  });

  it('ends with `garbage` for what is not HTTP and for a reply over 1 MiB', async () => {
    const http = givenHttp();
    const notHttp = await givenSocket((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    const endless = await givenServer((_, response) => void response.end('x'.repeat(1_048_577)));
    for (const url of [notHttp, endless]) {
      assert.deepEqual(await http.request({ method: 'GET', url }), { ok: false, error: 'garbage' }, url);
    }
  });

  it('still takes a reply of exactly 1 MiB', async () => {
    const url = await givenServer((_, response) => void response.end('x'.repeat(1_048_576)));
    const reply = await givenHttp().request({ method: 'GET', url });
    assert.ok(reply.ok);
    assert.equal(reply.value.body.length, 1_048_576);
  });

  describe('over TLS', () => {
    const givenTlsServer = () => {
      const server = createTlsServer(selfSigned, (_, response) => void response.end('safe'));
      undo.later(() => server.closeAllConnections());
      return listening(server, 'https');
    };

    it('ends with `tls` where the certificate is not trusted, or where there is no TLS', async () => {
      const plain = await givenServer((_, response) => void response.end('plain'));
      for (const url of [await givenTlsServer(), plain.replace('http:', 'https:')]) {
        assert.deepEqual(await givenHttp().request({ method: 'GET', url }), { ok: false, error: 'tls' }, url);
      }
    });

    it('trusts the given authority', async () => {
      const reply = await givenHttp({ ca: selfSigned.cert }).request({ method: 'GET', url: await givenTlsServer() });
      assert.ok(reply.ok);
      assert.equal(reply.value.body, 'safe');
    });

    it('accepts any certificate where that is configured', async () => {
      const reply = await givenHttp({ verifyTls: false }).request({ method: 'GET', url: await givenTlsServer() });
      assert.ok(reply.ok);
    });

    it('ends with `timeout` when the handshake stalls', async () => {
      // given a server that never answers the handshake
      const url = (await givenSocket(() => undefined)).replace('http:', 'https:');
      // when the connection may take 100 ms
      const reply = await givenHttp({ connectTimeoutMs: 100 }).request({ method: 'GET', url });
      // then it is given up
      assert.deepEqual(reply, { ok: false, error: 'timeout' });
    });
  });

  it('throws for a defect in our code, such as an invalid URL', async () => {
    await assert.rejects(givenHttp().request({ method: 'GET', url: 'nonsense' }));
  });

  it('refuses calls once it is closed', async () => {
    const http = openHttp({});
    await http.close();
    assert.deepEqual(await http.request({ method: 'GET', url: 'http://127.0.0.1:1/' }), { ok: false, error: 'connection' });
  });
});

const portOf = (server: Server): number => {
  const address = server.address();
  assert.ok(typeof address === 'object' && address);
  return address.port;
};
