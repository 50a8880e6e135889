import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer } from 'node:tls';
import { openHttp2, type WireOptions } from '../../../src/foundation/wire/index.ts';
import { cleanup } from '../../kit/temporary.ts';
import { selfSigned } from './self-signed.ts';

describe('HTTP/2 out', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A real HTTP/2 server; `sessions` counts the connections it got. */
  const given = async (
    onStream: (stream: ServerHttp2Stream, path: string) => void,
    options: WireOptions = {},
    more: SecureServerOptions = {},
  ) => {
    const server: Http2SecureServer = createSecureServer({ key: selfSigned.key, cert: selfSigned.cert, ...more });
    const sessions: ServerHttp2Session[] = [];
    server.on('session', (session) => sessions.push(session));
    server.on('sessionError', () => undefined);
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      onStream(stream, String(headers[':path']));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const origin = `https://localhost:${port}`;
    const http = openHttp2(origin, { ca: selfSigned.cert, ...options });
    undo.later(() => {
      for (const session of sessions) session.destroy();
      server.close();
    });
    undo.later(() => http.close());
    const get = (path: string, signal = AbortSignal.timeout(5000)) => http.request({ method: 'GET', path, signal });
    return { http, get, sessions, port, server };
  };
  const answers = (stream: ServerHttp2Stream, body = 'ok', status = 200): void => {
    stream.respond({ ':status': status, 'x-kind': 'test' });
    stream.end(body);
  };

  it('sends a request and returns the reply, over one kept-open connection', async () => {
    const { http, get, sessions } = await given(async (stream, path) => answers(stream, `${path} ${await text(stream)}`, 201));
    const posted = await http.request({
      method: 'POST',
      path: '/a',
      headers: { 'x-mine': 'yes' },
      body: 'Grüße',
      signal: AbortSignal.timeout(5000),
    });
    assert.ok(posted.ok);
    assert.deepEqual([posted.value.status, posted.value.headers['x-kind'], posted.value.body], [201, 'test', '/a Grüße']);
    const many = await Promise.all(Array.from({ length: 50 }, (_, index) => get(`/${index}`)));
    assert.ok(many.every((reply) => reply.ok && reply.value.status === 201));
    assert.equal(sessions.length, 1);
  });

  it('ends at the deadline, and the server sees the cancel', async () => {
    let cancelled: Promise<unknown> | undefined;
    const { get } = await given((stream) => {
      cancelled = once(stream, 'aborted');
    });
    assert.deepEqual(await get('/', AbortSignal.timeout(50)), { ok: false, error: 'timeout' });
    await cancelled;
  });

  it('ends at once when its caller aborts, also before a connection exists', async () => {
    const { get } = await given((stream) => answers(stream));
    assert.deepEqual(await get('/', AbortSignal.abort()), { ok: false, error: 'aborted' });
  });

  it('keeps the process alive during a call, but not for an idle connection', async () => {
    // given a server that takes one stream at a time, and hangs after the first
    const onStream = (stream: ServerHttp2Stream, path: string): void => void (path === '/' && answers(stream));
    const { port } = await given(onStream, {}, { settings: { maxConcurrentStreams: 1 } });
    // when a process asks, gives up a call that is under way and one that waits for its turn, and closes nothing
    const program = `
      import { setImmediate } from 'node:timers/promises';
      import { openHttp2 } from './src/foundation/wire/index.ts';
      const http = openHttp2('https://localhost:${port}', { verifyTls: false });
      const giveUp = new AbortController();
      const get = (path) => http.request({ method: 'GET', path, signal: giveUp.signal });
      const first = await get('/');
      const more = [get('/hangs'), get('/waits')];
      await setImmediate();
      giveUp.abort();
      console.log(first.value.body, ...(await Promise.all(more)).map(({ error }) => error));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    undo.later(() => child.kill());
    const said = text(child.stdout);
    const [code] = await once(child, 'close');
    // then it has heard of each, and has ended by itself
    assert.deepEqual([code, await said], [0, 'ok aborted aborted\n']);
  });

  it('sends a stream again, on a fresh connection, when GOAWAY says that it was not processed', async () => {
    // given a server that answers one stream, and sends GOAWAY before it processes the next
    let streams = 0;
    const { get, sessions } = await given((stream) => {
      streams += 1;
      if (streams === 2) stream.session?.goaway(0, 1);
      else answers(stream);
    });
    assert.ok((await get('/')).ok);
    const reply = await get('/');
    assert.ok(reply.ok, JSON.stringify(reply));
    assert.deepEqual([sessions.length, streams], [2, 3]);
  });

  it('lets a stream finish that GOAWAY does not concern, and takes a fresh connection for the next', async () => {
    const { get, sessions } = await given((stream, path) => {
      if (path === '/first') stream.session?.goaway(0, stream.id);
      answers(stream, path);
    });
    const [first, second] = [await get('/first'), await get('/second')];
    assert.deepEqual([first.ok && first.value.body, second.ok && second.value.body], ['/first', '/second']);
    assert.equal(sessions.length, 2);
  });

  it('opens as many streams at once as the server takes; a waiting stream still ends at its deadline', async () => {
    // given a far side that takes one stream at a time, and hangs
    let openStreams = 0;
    const { get } = await given(
      () => {
        openStreams += 1;
      },
      {},
      { settings: { maxConcurrentStreams: 1 } },
    );
    const giveUp = new AbortController();
    const hanging = get('/hangs', giveUp.signal);
    while (openStreams === 0) await new Promise((resolve) => setImmediate(resolve));
    // when another one waits behind it
    assert.deepEqual(await get('/waits', AbortSignal.timeout(50)), { ok: false, error: 'timeout' });
    // then it has not waited longer than allowed, and the server has seen one stream
    assert.equal(openStreams, 1);
    giveUp.abort();
    assert.deepEqual(await hanging, { ok: false, error: 'aborted' });
  });

  it('keeps its connection when the previous one ends after its GOAWAY', async () => {
    // given a connection that got GOAWAY during a stream, and a fresh one after it
    const held: ServerHttp2Stream[] = [];
    const { get, sessions } = await given((stream, path) => {
      if (path !== '/held') return answers(stream);
      held.push(stream);
      stream.session?.goaway(0, stream.id);
    });
    const first = get('/held');
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    while (sessions.length < 2) await get('/second');
    // when the old one ends
    const gone = once(sessions[0] ?? assert.fail(), 'close');
    for (const stream of held) answers(stream);
    assert.ok((await first).ok);
    await gone;
    await get('/third');
    await get('/fourth');
    // then no third one is made
    assert.equal(sessions.length, 2);
  });

  it('never repeats a stream that may have been processed', async () => {
    let streams = 0;
    const { get } = await given((stream) => {
      streams += 1;
      stream.session?.destroy();
    });
    assert.deepEqual(await get('/'), { ok: false, error: 'connection' });
    assert.equal(streams, 1);
  });

  it('connects anew after the connection was lost', async () => {
    const { get, sessions } = await given((stream) => answers(stream));
    assert.ok((await get('/')).ok);
    const gone = once(sessions[0] ?? assert.fail(), 'close');
    sessions[0]?.destroy();
    await gone;
    // The client may notice it a moment later: its first try may still end with the old connection.
    const second = await get('/');
    assert.ok(second.ok || (await get('/')).ok);
  });

  it('says `tls` where the certificate is not trusted, `connection` where nobody listens, `timeout` where nobody answers', async () => {
    const { port } = await given((stream) => answers(stream));
    const signal = AbortSignal.timeout(5000);
    const untrusting = openHttp2(`https://localhost:${port}`, {});
    assert.deepEqual(await untrusting.request({ method: 'GET', path: '/', signal }), { ok: false, error: 'tls' });
    const silent = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const silentPort = (silent.address() as AddressInfo).port;
    const stalled = openHttp2(`https://127.0.0.1:${silentPort}`, { connectTimeoutMs: 50 });
    assert.deepEqual(await stalled.request({ method: 'GET', path: '/', signal }), { ok: false, error: 'timeout' });
    silent.close();
    await once(silent, 'close');
    // an open connection that never speaks HTTP/2
    const mute = createTlsServer({ ...selfSigned, ALPNProtocols: ['h2'] }, (socket) => socket.on('error', () => undefined).resume());
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    undo.later(() => mute.close());
    const waiting = openHttp2(`https://localhost:${(mute.address() as AddressInfo).port}`, { ca: selfSigned.cert, connectTimeoutMs: 50 });
    assert.deepEqual(await waiting.request({ method: 'GET', path: '/', signal }), { ok: false, error: 'timeout' });
    const nobody = openHttp2(`https://127.0.0.1:${silentPort}`, {});
    assert.deepEqual(await nobody.request({ method: 'GET', path: '/', signal }), { ok: false, error: 'connection' });
  });

  it('says `tls` at once where the server requires a client certificate that is not configured', async () => {
    const wanting = { requestCert: true, rejectUnauthorized: true, ca: selfSigned.cert };
    const { get } = await given((stream) => answers(stream), {}, wanting);
    assert.deepEqual(await get('/'), { ok: false, error: 'tls' });
    const clientCertificate = { certificate: selfSigned.cert, key: selfSigned.key };
    const proven = await given((stream) => answers(stream), { clientCertificate }, wanting);
    assert.ok((await proven.get('/')).ok);
  });

  it('goes through a proxy, and sends its credentials', async () => {
    // given a proxy that requires a login
    const proxy = createHttpServer().on('connect', (request, client, head) => {
      if (request.headers['proxy-authorization'] !== `Basic ${Buffer.from('user:pa ss').toString('base64')}`) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const [, port] = String(request.url).split(':');
      const target = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        target.write(head);
        target.pipe(client).pipe(target);
      });
      for (const socket of [client, target]) socket.on('error', () => undefined);
      undo.later(() => target.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    undo.later(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const through = await given((stream) => answers(stream), { proxy: `http://user:pa%20ss@127.0.0.1:${port}` });
    const refused = await given((stream) => answers(stream), { proxy: `http://127.0.0.1:${port}` });
    assert.ok((await through.get('/')).ok);
    assert.deepEqual(await refused.get('/'), { ok: false, error: 'connection' });
  });

  it('gives up a proxy whose reply never ends', async () => {
    const proxy = createHttpServer().on('connect', (_request, client) => {
      client.on('error', () => undefined).write('HTTP/1.1 200 OK\r\n');
      const talking = setInterval(() => client.write('x: y\r\n'), 10);
      client.on('close', () => clearInterval(talking));
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    undo.later(() => proxy.close());
    const { port } = proxy.address() as AddressInfo;
    const http = openHttp2('https://localhost:1', { proxy: `http://127.0.0.1:${port}`, connectTimeoutMs: 50 });
    const reply = await http.request({ method: 'GET', path: '/', signal: new AbortController().signal });
    assert.deepEqual(reply, { ok: false, error: 'timeout' });
  });

  it('says `garbage` where the peer speaks no HTTP/2 or is not a proxy', async () => {
    const other = createTlsServer({ ...selfSigned, ALPNProtocols: ['h2'] }, (socket) =>
      socket.on('error', () => undefined).write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    const noProxy = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n'));
    const portOf = async (server: Server): Promise<number> => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      undo.later(() => server.close());
      return (server.address() as AddressInfo).port;
    };
    const ways: [string, WireOptions][] = [
      [`https://localhost:${await portOf(other)}`, { ca: selfSigned.cert }],
      ['https://localhost:1', { proxy: `http://127.0.0.1:${await portOf(noProxy)}` }],
    ];
    for (const [origin, options] of ways) {
      const reply = await openHttp2(origin, options).request({ method: 'GET', path: '/', signal: AbortSignal.timeout(5000) });
      assert.deepEqual(reply, { ok: false, error: 'garbage' }, origin);
    }
  });

  it('closes at once during a connection attempt that nobody waits for any more', async () => {
    // given a server and a proxy that accept connections and stay silent
    const silent = createServer((socket) => socket.on('error', () => undefined).resume()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    undo.later(() => silent.close());
    const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    for (const [origin, proxy] of [[`https://${address}`], ['https://localhost:1', `http://${address}`]] as const) {
      const http = openHttp2(origin, { connectTimeoutMs: 60_000, ...(proxy === undefined ? {} : { proxy }) });
      const giveUp = new AbortController();
      const asked = http.request({ method: 'GET', path: '/', signal: giveUp.signal });
      const [far] = (await once(silent, 'connection')) as [Socket];
      giveUp.abort();
      assert.deepEqual(await asked, { ok: false, error: 'aborted' });
      // when it is closed, then the connection is gone
      const gone = once(far, 'close');
      await http.close();
      await gone;
    }
  });
});
