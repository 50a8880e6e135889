import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { mock } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { Context } from 'koa';
import { thisProcess } from '../../../src/cli/idle-collection.ts';
import { type EventStream, openListener, readListenerTls, streamEvents } from '../../../src/edge/http/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { testAuthority } from '../../kit/authority.ts';
import { seconds } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

type Opened = { stream: EventStream; response: WeakRef<object>; ended: Promise<void>; hasEnded: boolean };

describe('An event stream', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A listener with a route that streams, and one that replies when the test says so. */
  const given = async ({ secure = false } = {}) => {
    const logged: Record<string, unknown>[] = [];
    const log = openLog('debug', { write: (line: string) => void logged.push(JSON.parse(line)) });
    const opened: Opened[] = [];
    let arrived = (): void => undefined;
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const follow = (response: WeakRef<object>) => (stream: EventStream) => {
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const one: Opened = { stream, response, ended, hasEnded: false };
      opened.push(one);
      arrived();
      return () => {
        assert.equal(one.hasEnded, false, 'ends once');
        one.hasEnded = true;
        resolve();
      };
    };
    const handle = (ctx: Context): void => {
      ctx.set('x-more', 'yes');
      if (!streamEvents(ctx, follow(new WeakRef(ctx.res)))) Object.assign(ctx, { status: 400, body: { alone: false } });
    };
    const later = async (ctx: Context): Promise<void> => {
      asked.resolve();
      await answer.promise;
      ctx.body = { later: true };
    };
    const fallback = { notFound: () => undefined, methodNotAllowed: () => undefined, error: () => true };
    const routes = [
      { methods: ['GET'] as const, path: '/events', handle },
      { methods: ['GET'] as const, path: '/later', handle: later },
    ];
    const mounts = [{ path: '/', dialect: 'test', routes, fallback }];
    const metrics = openMetrics('test');
    const under = { way: 0 };
    const begin = () => {
      under.way += 1;
      return () => {
        under.way -= 1;
      };
    };
    const made = secure ? await testAuthority() : undefined;
    const draining = { now: false };
    const tls = made && readListenerTls({ certificate: pemFile(made.server) }, (file) => file);
    const listener = await openListener({ address: '127.0.0.1:0', mounts, begin, log, metrics, draining, tls });
    undo.later(() => listener.close(0));
    const port = Number(new URL(listener.url).port);
    /** A client that sends this, and what it receives. */
    const open = async (sent = get('/events')) => {
      const socket: Socket = made
        ? connectTls({ port, host: '127.0.0.1', ca: made.authority.certificate })
        : connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      undo.later(() => void socket.destroy());
      await once(socket, made ? 'secureConnect' : 'connect');
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      socket.write(sent);
      const until = async (pattern: RegExp): Promise<string> => {
        while (!pattern.test(text)) await once(socket, 'data');
        return text;
      };
      return { socket, until, received: () => text };
    };
    /** A client whose stream has begun. */
    const openStream = async () => {
      const count = opened.length + 1;
      const client = await open();
      while (opened.length < count)
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      const one = opened[count - 1];
      assert.ok(one);
      await client.until(/\r\n\r\n/);
      return { ...client, ...one, stopped: () => one.hasEnded };
    };
    return { listener, mounts, opened, open, openStream, logged, metrics, under, draining, asked: asked.promise, answer: answer.resolve };
  };

  const pemFile = ({ certificate, key }: { certificate: string; key: string }): string => {
    const file = join(temporaryFolder(undo), 'server.pem');
    writeFileSync(file, certificate + key);
    return file;
  };

  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
  const withFakeTimers = (): void => {
    mock.timers.enable({ apis: ['setInterval'] });
    undo.later(() => mock.timers.reset());
  };

  for (const secure of [false, true])
    it(`sends its head once, then events in order, then ends with its connection${secure ? ', also over TLS' : ''}`, async () => {
      const { openStream, logged, metrics, under } = await given({ secure });
      const { socket, stream, until, received, stopped } = await openStream();
      assert.equal(under.way, 1);
      stream.send({ id: '1', event: 'challenge', data: { text: 'two\nlines' } });
      await until(/lines/);
      stream.send({ event: 'reset', data: {} });
      stream.end({ comesBack: false });
      await once(socket, 'end');
      socket.end();
      assert.match(received(), /^HTTP\/1\.1 200 OK\r\n/);
      for (const header of ['content-type: text/event-stream', 'cache-control: no-store', 'connection: close', 'x-more: yes'])
        assert.ok(received().includes(`\r\n${header}\r\n`), header);
      assert.equal(bodyOf(received()), 'id: 1\nevent: challenge\ndata: {"text":"two\\nlines"}\n\nevent: reset\ndata: {}\n\n');
      assert.equal(stopped(), true);
      // and it was one request, for the log and the metrics
      assert.deepEqual(
        logged.filter(({ message }) => message === 'request').map(({ route, status }) => [route, status]),
        [['/events', 200]],
      );
      assert.match(await metrics.text(), /\{dialect="test",route="\/events",status="200"\} 1\n/);
    });

  it('is released by the HTTP server while it is open', async () => {
    const { openStream } = await given();
    const { stream, response, until } = await openStream();
    await new Promise((resolve) => setImmediate(resolve));
    thisProcess().collect();
    assert.equal(response.deref(), undefined);
    stream.send({ event: 'late', data: 1 });
    await until(/event: late/);
  });

  it('keeps its connection alive by a comment each 15 seconds, and ends after ten minutes with the time to come back', async () => {
    withFakeTimers();
    const { openStream } = await given();
    const { socket, until, received, stopped } = await openStream();
    mock.timers.tick(seconds(14));
    mock.timers.tick(seconds(1));
    await until(/:\n\n/);
    assert.equal(bodyOf(received()), ':\n\n');
    mock.timers.tick(seconds(584));
    assert.equal(stopped(), false);
    mock.timers.tick(seconds(1));
    await once(socket, 'end');
    assert.match(bodyOf(received()), /^(:\n\n){39}retry: [23]\d{3}\n\n$/);
    assert.equal(stopped(), true);
  });

  it('ends at its next heartbeat after a reload, which it delays no longer', async () => {
    withFakeTimers();
    const { listener, mounts, openStream, under } = await given();
    const { socket, until, received, ended } = await openStream();
    mock.timers.tick(seconds(15));
    await until(/:\n\n/);
    listener.serve({ mounts });
    mock.timers.tick(seconds(15));
    await once(socket, 'end');
    assert.match(bodyOf(received()), /^:\n\nretry: \d{4}\n\n$/);
    socket.end();
    await ended;
    while (under.way > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  const departures: [title: string, leave: (socket: Socket) => unknown][] = [
    ['by a reset', (socket) => socket.resetAndDestroy()],
    ['by a FIN, though it still reads', (socket) => socket.end()],
  ];
  for (const [title, leave] of departures)
    it(`ends when its client goes ${title}`, async () => {
      const { openStream, under } = await given();
      const { socket, ended, stream } = await openStream();
      leave(socket);
      await ended;
      assert.equal(under.way, 0);
      // and what comes too late does no harm
      stream.send({ event: 'late', data: 1 });
      stream.end({ comesBack: true });
    });

  it('cuts off a client that does not read', async () => {
    const { openStream } = await given();
    const { socket, stream, ended, stopped } = await openStream();
    socket.pause();
    const data = 'x'.repeat(32_768);
    let sent = 0;
    // The kernel buffers some megabytes for it.
    while (!stopped() && sent < 4000) {
      stream.send({ event: 'much', data });
      sent += 1;
      if (sent % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(sent < 4000);
    await ended;
  });

  it('reads nothing of what its client sends meanwhile', async () => {
    const { openStream, opened } = await given();
    const { socket, stream, until } = await openStream();
    socket.write(get('/events').repeat(1000));
    stream.send({ event: 'one', data: 1 });
    await until(/event: one/);
    assert.equal(opened.length, 1);
  });

  it('is refused where another request is under way on its connection', async () => {
    const { open, asked, answer } = await given();
    const { until } = await open(get('/later') + get('/events'));
    await asked;
    answer();
    assert.match(await until(/"alone":false/), /"later":true.*HTTP\/1\.1 400 /s);
  });

  it('ends when its listener closes, so that its client goes to another gateway', async () => {
    const { listener, openStream } = await given();
    const { socket, received, ended } = await openStream();
    socket.once('end', () => socket.end());
    const closed = listener.close(seconds(60));
    await once(socket, 'close');
    await ended;
    assert.match(bodyOf(received()), /^retry: \d{4}\n\n$/);
    await closed;
  });
});
