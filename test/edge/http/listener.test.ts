import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Listener, type Mount, openListener, type Route, routeConflicts, takeOverIds } from '../../../src/edge/http/index.ts';
import { GatewayFault } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { givenBusyListener } from '../../kit/busy-listener.ts';
import { cleanup } from '../../kit/temporary.ts';

describe('A listener', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const mount = (path: string, routes: Route[], dialect = 'test'): Mount => ({
    path,
    dialect,
    routes,
    fallback: {
      notFound: (ctx) => Object.assign(ctx, { status: 404, body: { dialect, what: 'not found' } }),
      methodNotAllowed: (ctx) => Object.assign(ctx, { status: 405, body: { dialect, what: 'method' } }),
      error(ctx, error) {
        Object.assign(ctx, { status: 500, body: { dialect, what: error instanceof Error ? error.message : '' } });
        return true;
      },
    },
  });
  const route = (path: string, handle: Route['handle'], methods: Route['methods'] = ['GET']): Route => ({ path, methods, handle });
  const says =
    (text: string): Route['handle'] =>
    (ctx) =>
      void Object.assign(ctx, { body: { text, params: ctx.params } });

  const given = async (...mounts: Mount[]) => {
    const logged: Record<string, unknown>[] = [];
    const log = openLog('debug', { write: (line: string) => void logged.push(JSON.parse(line)) });
    const metrics = openMetrics('test');
    const draining = { now: false };
    const listener: Listener = await openListener({ address: '127.0.0.1:0', mounts, log, metrics, draining });
    undo.later(() => listener.close(0));
    const ask = async (path: string, init: RequestInit = {}) => {
      const reply = await fetch(`${listener.url}${path}`, init);
      const text = await reply.text();
      return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
    };
    return { listener, ask, logged, metrics, draining };
  };

  /** Targets that Node accepts, but in which Koa finds no path. */
  for (const target of ['http://', 'http://?x', 'http://[::1/x', 'http://x:y/', '//[::1\xa0'])
    it(`answers the target ${target} with a client error, not a server error`, async () => {
      const { listener, logged } = await given(mount('/', [route('/token/', says('list'))]));
      const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
      socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 'latin1');
      const [line] = (await text(socket)).split('\r\n');
      assert.match(String(line), /^HTTP\/1\.1 (?:400 Bad Request|404 Not Found)$/);
      assert.deepEqual(
        logged.filter(({ message }) => message === 'a handler failed'),
        [],
      );
    });

  it('finds routes below their mount, with decoded parameters, with and without a slash at the end, and for HEAD', async () => {
    const { ask } = await given(
      mount('/', [route('/token/', says('list')), route('/token/:serial', says('one'))]),
      mount('/mfa', [route('/token/:serial', says('mfa'))]),
    );
    assert.equal((await ask('/token')).body.text, 'list');
    assert.equal((await ask('/token/')).body.text, 'list');
    assert.deepEqual((await ask('/token/a%20b')).body, { text: 'one', params: { serial: 'a b' } });
    assert.equal((await ask('/mfa/token/x?y=1')).body.text, 'mfa');
    assert.equal((await ask('/token/x', { method: 'HEAD' })).status, 200);
  });

  it('answers a request without a route in the format of the nearest mount', async () => {
    const { ask } = await given(mount('/', [route('/a', says('a'))], 'root'), mount('/mfa', [route('/b', says('b'), ['POST'])], 'mfa'));
    assert.deepEqual((await ask('/nothing')).body, { dialect: 'root', what: 'not found' });
    assert.deepEqual((await ask('/mfa/nothing')).body, { dialect: 'mfa', what: 'not found' });
    assert.deepEqual((await ask('/mfaelse')).body.dialect, 'root');
    const wrong = await ask('/mfa/b');
    assert.deepEqual([wrong.status, wrong.body.what, wrong.headers.get('allow')], [405, 'method', 'POST']);
    assert.equal((await ask('/a%zz')).status, 404);
  });

  it('answers a wrong method in the format of the path, where two mounts have the same path', async () => {
    const { ask } = await given(mount('/', [route('/a', says('a'))], 'first'), mount('/', [route('/b', says('b'), ['POST'])], 'second'));
    const wrong = await ask('/b');
    assert.deepEqual([wrong.status, wrong.body.dialect, wrong.headers.get('allow')], [405, 'second', 'POST']);
    assert.equal((await ask('/a', { method: 'POST' })).body.dialect, 'first');
  });

  it('answers 404 without any mount', async () => {
    const { ask } = await given(mount('/mfa', []));
    assert.deepEqual([(await ask('/')).status, (await ask('/')).body], [404, { error: 'Not found' }]);
  });

  it('passes an exception of a handler to its dialect, logs the defect, and survives', async () => {
    const broken = route('/a', () => {
      throw new Error('oops');
    });
    const { ask, logged, metrics } = await given(mount('/', [broken]));
    const { status, body, headers } = await ask('/a');
    assert.deepEqual([status, body.what], [500, 'oops']);
    const defect = logged.find(({ message }) => message === 'a handler failed');
    assert.equal(defect?.requestId, headers.get('x-request-id'));
    assert.equal((await ask('/a')).status, 500);
    assert.match(await metrics.text(), /pushgate_request_faults_total\{cause="defect"\} 2\n/);
  });

  it('logs no warning for a client that hangs up', async () => {
    const endless = route('/endless', (ctx) => {
      ctx.body = new Readable({
        read() {
          this.push('x'.repeat(65_536));
        },
      });
    });
    const { listener, ask, logged } = await given(mount('/', [endless, route('/a', says('a'))]));
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    socket.write('GET /endless HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.resetAndDestroy();
    // then it is logged at debug level, without a warning
    while (!logged.some(({ message }) => message === 'a client hung up before its reply')) await ask('/a');
    assert.deepEqual(
      logged.filter(({ level }) => level !== 'info' && level !== 'debug'),
      [],
    );
  });

  it('logs an environment error in one line, without a stack', async () => {
    const broken = route('/a', () => {
      throw new GatewayFault('store-unavailable', 'MongoDB failed at find', new Error('connection to 10.0.0.5:27017 closed'));
    });
    const { ask, logged, metrics } = await given(mount('/', [broken]));
    await ask('/a');
    assert.match(await metrics.text(), /pushgate_request_faults_total\{cause="store-unavailable"\} 1\n/);
    const line = logged.find(({ message }) => message === 'a request could not be answered');
    const { reason, cause, code, err } = line ?? {};
    assert.deepEqual(
      [reason, cause, code, err],
      ['MongoDB failed at find', 'connection to 10.0.0.5:27017 closed', 'store-unavailable', undefined],
    );
  });

  it('gives every request an id, accepts a valid one of a known caller, logs the route and never the query', async () => {
    const known = route('/token/:serial', (ctx) => {
      takeOverIds(ctx);
      ctx.body = { text: 'one' };
    });
    const { ask, logged, metrics } = await given(mount('/', [known, route('/unknown', says('two'))]));
    const own = await ask('/token/geheim?pass=geheim');
    const brought = await ask('/token/x', {
      headers: { 'x-request-id': 'abc-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    });
    const insane = await ask('/token/x', { headers: { 'x-request-id': 'a b"c' } });
    const unknown = await ask('/unknown', { headers: { 'x-request-id': 'abc-2' } });
    assert.match(unknown.headers.get('x-request-id') ?? '', /^[0-9a-f]{16}$/);
    assert.match(own.headers.get('x-request-id') ?? '', /^[0-9a-f]{16}$/);
    assert.equal(brought.headers.get('x-request-id'), 'abc-1');
    assert.match(insane.headers.get('x-request-id') ?? '', /^[0-9a-f]{16}$/);
    const line = logged.find(({ requestId }) => requestId === 'abc-1');
    assert.deepEqual([line?.method, line?.route, line?.status, line?.traceId], ['GET', '/token/:serial', 200, 'a'.repeat(32)]);
    assert.ok(!JSON.stringify(logged).includes('geheim'));
    assert.match(
      await metrics.registry.metrics(),
      /pushgate_http_requests_total\{dialect="test",route="\/token\/:serial",status="200"\} 3/,
    );
  });

  it('lets requests under way finish when it closes, and accepts no new one', async () => {
    // given a request whose handler waits for the test
    let finish = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = route('/slow', async (ctx) => {
      finish();
      await held;
      ctx.body = { done: true };
    });
    const { listener, ask, draining } = await given(mount('/', [slow]));
    const reply = ask('/slow');
    await begun;
    // when the listener closes
    draining.now = true;
    const closed = listener.close(60_000);
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    await assert.rejects(fetch(`${listener.url}/slow`));
    release();
    // then the reply arrives with Connection: close, and nothing is left open
    const { body, headers } = await reply;
    assert.deepEqual([body, headers.get('connection')], [{ done: true }, 'close']);
    await closed;
  });

  it('answers requests that had been sent over a used connection when it closes', async () => {
    const { listener, draining } = await given(mount('/', [route('/here', says('here'))]));
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    socket.write('GET /here HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    // when the next request is on its way as the listener closes
    socket.write('GET /here HTTP/1.1\r\nHost: x\r\n\r\n');
    draining.now = true;
    await listener.close(60_000);
    // then it is answered, as the last one
    assert.match(await text(socket), /200 OK[\s\S]*connection: close/i);
  });

  it('cuts off requests that do not finish within the limit', async () => {
    const { listener, ask } = await given(mount('/', [route('/never', () => new Promise<void>(() => undefined))]));
    const reply = ask('/never');
    const socket: Socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined).write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    const failed = assert.rejects(reply);
    await new Promise((resolve) => setImmediate(resolve));
    await listener.close(50);
    await failed;
  });

  it('queues a burst of connections while it is busy, and loses none of them', async function () {
    // given a kernel that allows such a queue, as Linux does by default since 5.4
    const limit = '/proc/sys/net/core/somaxconn';
    const burst = 1000;
    if (!existsSync(limit) || Number(readFileSync(limit, 'utf8')) < burst) this.skip();
    // when they come at a moment at which nothing accepts them
    const { port } = await givenBusyListener(undo);
    const sockets = Array.from({ length: burst }, () => connect(port, '127.0.0.1'));
    undo.later(() => void sockets.map((socket) => socket.destroy()));
    // then each one is accepted: with Node's default queue of 511 the rest would wait for a retry, or be reset
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  });

  it('reports in one sentence why it cannot bind an address', async () => {
    const { listener } = await given(mount('/', []));
    const port = new URL(listener.url).port;
    const options = { mounts: [], log: openLog('silent'), metrics: openMetrics('test'), draining: { now: false } };
    await assert.rejects(openListener({ ...options, address: `127.0.0.1:${port}` }), {
      code: 'config-invalid',
      message: /another program listens there/,
    });
    await assert.rejects(openListener({ ...options, address: '192.0.2.1:1' }), { code: 'config-invalid', message: /no such address/ });
  });
});

describe('Routes of mounts', () => {
  const of = (mountPath: string, ...routes: [string, 'GET' | 'POST'][]) => ({
    mountPath,
    routes: routes.map(([path, method]) => ({ path, methods: [method] })),
  });

  it('may not have two owners, whatever the names of their parameters', () => {
    const conflicts = routeConflicts([of('/', ['/a/:x', 'GET']), of('/', ['/a/:y', 'GET'])]);
    assert.deepEqual(
      conflicts.map(({ path }) => path),
      [['mounts', 1, 'path']],
    );
    assert.match(conflicts[0]?.message ?? '', /mounts\[0\] already owns GET \/a\/:y/);
  });

  it('may share a path by method, and a pattern by mount', () => {
    assert.deepEqual(routeConflicts([of('/', ['/a', 'GET']), of('/', ['/a', 'POST']), of('/m', ['/a', 'GET'])]), []);
    assert.equal(routeConflicts([of('/', ['/m/a', 'GET']), of('/m', ['/a', 'GET'])]).length, 1);
  });
});
