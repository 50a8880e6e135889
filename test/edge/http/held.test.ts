import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Context } from 'koa';
import { thisProcess } from '../../../src/cli/idle-collection.ts';
import { holdReply, onDisconnect, openListener, type Route } from '../../../src/edge/http/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { cleanup } from '../../kit/temporary.ts';

describe('A request with a waiting reply', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A listener with a route that waits for the reply of the test, and one that replies at once. */
  const given = async () => {
    const logged: Record<string, unknown>[] = [];
    const log = openLog('debug', { write: (line: string) => void logged.push(JSON.parse(line)) });
    const waiting: { say: (text: string) => void; fail: (error: Error) => void; response: WeakRef<object>; gone: Promise<void> }[] = [];
    let arrived = (): void => undefined;
    const wait = (ctx: Context): void => {
      const { promise, resolve: say, reject: fail } = Promise.withResolvers<string>();
      const toTell = onDisconnect(ctx);
      const gone = new Promise<void>((resolve) => void toTell(resolve));
      waiting.push({ say, fail, response: new WeakRef(ctx.res), gone });
      ctx.state.told = ctx.get('x-told');
      holdReply(ctx, promise, async (back, ended) => {
        back.body = { said: await ended, told: back.state.told, from: back.req.socket.remoteAddress, url: back.url, method: back.method };
      });
      arrived();
    };
    const routes: Route[] = [
      { methods: ['GET', 'POST'], path: '/wait', handle: wait },
      { methods: ['GET'], path: '/now', handle: (ctx) => void Object.assign(ctx, { body: { now: true } }) },
    ];
    const fallback = {
      notFound: () => undefined,
      methodNotAllowed: () => undefined,
      error: (ctx: Context, error: unknown) => {
        Object.assign(ctx, { status: 500, body: { error: error instanceof Error ? error.message : '' } });
        return false;
      },
    };
    const mounts = [{ path: '/', dialect: 'test', routes, fallback }];
    const metrics = openMetrics('test');
    const under = { way: 0 };
    const begin = () => {
      under.way += 1;
      return () => {
        under.way -= 1;
      };
    };
    const listener = await openListener({ address: '127.0.0.1:0', mounts, begin, log, metrics, draining: { now: false } });
    undo.later(() => listener.close(0));
    const untilWaiting = async (count: number): Promise<void> => {
      while (waiting.length < count)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      // The request is held when its first pass through the application has ended.
      await new Promise((resolve) => setImmediate(resolve));
    };
    const open = async () => {
      const socket: Socket = connect(Number(new URL(listener.url).port), '127.0.0.1').setEncoding('utf8');
      undo.later(() => void socket.destroy());
      await once(socket, 'connect');
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      /** The received bodies, once there are that many. */
      const bodies = async (count: number): Promise<unknown[]> => {
        const found = (): string[] => text.match(/\{[^}]*\}/g) ?? [];
        while (found().length < count) await once(socket, 'data');
        return found().map((each) => JSON.parse(each));
      };
      return { socket, bodies, received: () => text };
    };
    return { listener, waiting, untilWaiting, open, logged, metrics, under };
  };

  const get = (path: string, head = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n`;

  it('is answered on its connection, which then takes the next one', async () => {
    const { waiting, untilWaiting, open, logged, metrics } = await given();
    const { socket, bodies, received } = await open();
    socket.write(`POST /wait?a=b HTTP/1.1\r\nHost: x\r\nX-Told: much\r\nContent-Length: 4\r\n\r\nbody`);
    await untilWaiting(1);
    waiting[0]?.say('yes');
    const [reply] = await bodies(1);
    assert.deepEqual(reply, { said: 'yes', told: 'much', from: '127.0.0.1', url: '/wait?a=b', method: 'POST' });
    const id = /^HTTP\/1\.1 200 OK\r\nx-request-id: ([0-9a-f]{16})\r\n/i.exec(received())?.[1];
    assert.ok(id);
    socket.write(get('/now'));
    assert.deepEqual((await bodies(2))[1], { now: true });
    // and it was one request, for the log and the metrics
    assert.deepEqual(
      logged.filter(({ message }) => message === 'request').map(({ route, requestId }) => [route, requestId === id]),
      [
        ['/wait', true],
        ['/now', false],
      ],
    );
    assert.match(await metrics.text(), /\{dialect="test",route="\/wait",status="200"\} 1\n/);
  });

  it('is released by the HTTP server while it waits', async () => {
    const { waiting, untilWaiting, open } = await given();
    const { socket, bodies } = await open();
    socket.write(get('/wait'));
    await untilWaiting(1);
    await new Promise((resolve) => setImmediate(resolve));
    thisProcess().collect();
    assert.equal(waiting[0]?.response.deref(), undefined);
    waiting[0]?.say('yes');
    assert.equal((await bodies(1)).length, 1);
  });

  it('notices a client that goes away, by a reset or a FIN', async () => {
    const { waiting, untilWaiting, open } = await given();
    const [cut, ended] = [await open(), await open()];
    cut.socket.write(get('/wait'));
    await untilWaiting(1);
    ended.socket.write(get('/wait'));
    await untilWaiting(2);
    cut.socket.resetAndDestroy();
    await waiting[0]?.gone;
    ended.socket.end();
    await waiting[1]?.gone;
    // and late replies to them do no harm
    for (const { say } of waiting) say('too late');
    const { socket, bodies } = await open();
    socket.write(get('/now'));
    assert.deepEqual(await bodies(1), [{ now: true }]);
  });

  it('keeps data that its client sends before the reply', async () => {
    const { waiting, untilWaiting, open } = await given();
    const { socket, bodies } = await open();
    socket.write(get('/wait'));
    await untilWaiting(1);
    const next = get('/now');
    socket.write(next.slice(0, 9));
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(next.slice(9));
    waiting[0]?.say('first');
    const [first, second] = await bodies(2);
    assert.deepEqual([first, second], [{ ...Object(first), said: 'first' }, { now: true }]);
  });

  it('keeps the order of pipelined requests, whichever is ready first', async () => {
    const { waiting, untilWaiting, open } = await given();
    const { socket, bodies } = await open();
    socket.write(get('/wait?1') + get('/wait?2') + get('/now'));
    await untilWaiting(2);
    waiting[1]?.say('second');
    waiting[0]?.say('first');
    const replies = await bodies(3);
    assert.deepEqual(
      replies.map((reply) => Object(reply).said ?? 'now'),
      ['first', 'second', 'now'],
    );
  });

  it('reports a failure in the format of its mount', async () => {
    const { waiting, untilWaiting, open } = await given();
    const { socket, bodies, received } = await open();
    socket.write(get('/wait', 'Connection: close\r\n'));
    await untilWaiting(1);
    waiting[0]?.fail(new Error('no store'));
    assert.deepEqual(await bodies(1), [{ error: 'no store' }]);
    assert.match(received(), /^HTTP\/1\.1 500 /);
    await once(socket, 'close');
  });

  it('continues after a reload with its old application, which stays in use until then', async () => {
    // given a request that waits
    const { listener, waiting, untilWaiting, open, under } = await given();
    const { socket, bodies } = await open();
    socket.write(get('/now'));
    await bodies(1);
    assert.equal(under.way, 0);
    socket.write(get('/wait'));
    await untilWaiting(1);
    assert.equal(under.way, 1);
    // when the listener has replaced that application
    listener.serve({ mounts: [] });
    const other = await open();
    other.socket.write(get('/wait'));
    assert.deepEqual(await other.bodies(1), [{ error: 'Not found' }]);
    // then it still gets its reply, and the old application is no longer in use
    waiting[0]?.say('yes');
    assert.equal(Object((await bodies(2))[1]).said, 'yes');
    assert.equal(under.way, 0);
    // and the next one on its connection is a new request
    socket.write(get('/now'));
    assert.deepEqual((await bodies(3))[2], { error: 'Not found' });
  });

  it('ends when its client has gone', async () => {
    const { waiting, untilWaiting, open, under } = await given();
    const { socket } = await open();
    socket.write(get('/wait'));
    await untilWaiting(1);
    socket.resetAndDestroy();
    await waiting[0]?.gone;
    assert.equal(under.way, 0);
    waiting[0]?.say('too late');
  });

  it('is closed with its listener, after the time limit', async () => {
    const { listener, waiting, untilWaiting, open } = await given();
    const { socket } = await open();
    socket.write(get('/wait'));
    await untilWaiting(1);
    const closed = once(socket, 'close');
    await listener.close(20);
    await closed;
    await waiting[0]?.gone;
    waiting[0]?.say('too late');
  });
});
