import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { knownPeers, openConnectionGate, openListener, type Route, readBody, usualTimes } from '../../../src/edge/http/index.ts';
import { readListenerTls } from '../../../src/edge/http/listener-tls.ts';
import type { GatewayEvent } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { testAuthority } from '../../kit/authority.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

type Wishes = {
  bounds?: { connections?: number; connectionsPerNetwork?: number; halfSentRequests?: number };
  known?: readonly string[];
  times?: { headersTimeout: number; requestTimeout: number; connectionsCheckingInterval: number };
  hasTls?: boolean;
};

describe('Connections of strangers', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A listener with low limits. Every peer that is not listed is a stranger here, 127.0.0.1 too. */
  const given = async ({ bounds = {}, known = [], times, hasTls = false }: Wishes = {}) => {
    const metrics = openMetrics('test');
    const told: GatewayEvent[] = [];
    const tell = (event: GatewayEvent): void => void told.push(event);
    const all = { connections: 1000, connectionsPerNetwork: 0, halfSentRequests: 1000, ...bounds };
    const gate = openConnectionGate({ bounds: all, metrics, tell });
    const isKnownPeer = (address: string): boolean => known.includes(address);
    const echo: Route = {
      path: '/a',
      methods: ['GET', 'POST'],
      async handle(ctx) {
        const body = await readBody(ctx);
        ctx.body = { bytes: body.ok ? body.value.length : body.error };
      },
    };
    const fallback = { notFound: () => undefined, methodNotAllowed: () => undefined, error: () => true };
    const options = { log: openLog('silent'), metrics, draining: { now: false }, gate, tell, isKnownPeer, times };
    const mounts = [{ path: '/', dialect: 'test', routes: [echo], fallback }];
    const tls = hasTls ? await serverTls() : undefined;
    const listener = await openListener({ ...options, address: hasTls ? 'localhost:0' : '127.0.0.1:0', mounts, tls });
    undo.later(() => listener.close(0));
    const port = Number(new URL(listener.url).port);
    const open = (localAddress = '127.0.0.1') => peer(connect({ port, host: '127.0.0.1', localAddress }));
    const count = async (name: string): Promise<number> => {
      const [, value] = new RegExp(`^${name} (\\d+)$`, 'm').exec(await metrics.text()) ?? [];
      return Number(value);
    };
    const refused = (reason: string) => count(`pushgate_connections_refused_total\\{reason="${reason}"\\}`);
    return { listener, port, open, count, refused, told, bounds: all, undo };
  };

  const serverTls = async () => {
    const { server } = await testAuthority();
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'server.pem'), server.certificate + server.key, { mode: 0o600 });
    return readListenerTls({ certificate: 'server.pem' }, (file) => join(folder, file));
  };

  /** A client that reads until the listener hangs up. */
  const peer = (socket: Socket) => {
    undo.later(() => void socket.destroy());
    let heard = '';
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        heard += String(chunk);
      });
    const gone = new Promise<string>((resolve) => socket.once('close', () => resolve(heard)));
    const until = async (form: RegExp): Promise<string> => {
      while (!form.test(heard) && !socket.closed) await Promise.race([gone, new Promise((resolve) => socket.once('data', resolve))]);
      return heard;
    };
    return { socket, gone, until, send: (text: string) => void socket.write(text) };
  };

  const ask = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';

  it('of one network are accepted up to its limit, and count for no other network', async () => {
    const { open, refused, told } = await given({ bounds: { connectionsPerNetwork: 2 } });
    // given a network with as many as it may have
    const first = open();
    first.send(ask);
    await first.until(/200 OK/);
    const second = open();
    second.send(ask);
    await second.until(/200 OK/);
    // when it opens two more, then they are closed without a word
    assert.deepEqual(await Promise.all([open().gone, open().gone]), ['', '']);
    // and told once, with the network that they were of
    assert.deepEqual([await refused('network'), told.length], [2, 1]);
    assert.deepEqual(told[0]?.kind === 'connections-refused' && [told[0].client, told[0].reason], ['127.0.0.1', 'network']);
    // and the next network gets in
    const other = open('127.0.0.2');
    other.send(ask);
    await other.until(/200 OK/);
    // and so does this one, when it has closed one of its own
    first.socket.destroy();
    await first.gone;
    for (let isIn = false; !isIn; ) {
      const again = open();
      again.send(ask);
      isIn = (await again.until(/200 OK/)) !== '';
    }
  });

  it('are not counted by network for known peers', async () => {
    const { open, refused } = await given({ bounds: { connectionsPerNetwork: 1 }, known: ['127.0.0.1'] });
    const all = [open(), open(), open()];
    for (const each of all) each.send(ask);
    await Promise.all(all.map(({ until }) => until(/200 OK/)));
    assert.equal(await refused('network'), 0);
  });

  it('leave the last eighth of all connections to known peers', async () => {
    const { open, refused, count } = await given({ bounds: { connections: 16 }, known: ['127.0.0.1'] });
    const strangers = Array.from({ length: 14 }, () => open('127.0.0.3'));
    for (const each of strangers) each.send(ask);
    await Promise.all(strangers.map(({ until }) => until(/200 OK/)));
    assert.equal(await open('127.0.0.4').gone, '');
    const known = [open(), open()];
    for (const each of known) each.send(ask);
    await Promise.all(known.map(({ until }) => until(/200 OK/)));
    assert.deepEqual([await count('pushgate_connections'), await count('pushgate_connections_limit')], [16, 16]);
    assert.equal(await open().gone, '', 'nobody gets more than there are');
    assert.equal(await refused('process'), 2);
  });

  it('are counted with TLS as well, from before the handshake to the end', async () => {
    const { port, refused, count } = await given({ bounds: { connectionsPerNetwork: 1 }, hasTls: true });
    const secure = () => peer(connectTls({ port, host: 'localhost', rejectUnauthorized: false }));
    const first = secure();
    first.send(ask);
    await first.until(/200 OK/);
    assert.equal(await secure().gone, '');
    assert.deepEqual([await refused('network'), await count('pushgate_connections')], [1, 1]);
    first.socket.destroy();
    while ((await count('pushgate_connections')) > 0) await new Promise(setImmediate);
  });

  it('with half a request are closed where there are too many, the oldest first, and those with whole requests stay', async () => {
    const { open, refused, count } = await given({ bounds: { halfSentRequests: 3 }, known: ['127.0.0.1'] });
    // given a connection that has had its reply, and three slow ones: with nothing, half a head, half a body
    const idle = open();
    idle.send(ask);
    await idle.until(/200 OK/);
    const waitUntil = async (many: number) => {
      while ((await count('pushgate_half_sent_requests')) !== many) await new Promise(setImmediate);
    };
    const mute = open();
    await waitUntil(1);
    const head = open();
    head.send('GET /a HT');
    await waitUntil(2);
    const body = open();
    body.send('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    await waitUntil(3);
    // when others come, whose requests are whole at once
    for (const _ of [1, 2]) {
      const whole = open();
      whole.send(ask);
      assert.match(await whole.until(/200 OK/), /200 OK/);
    }
    // then the oldest of the slow ones were closed for them, with a reply
    assert.match(await mute.gone, /^HTTP\/1.1 408 /);
    assert.equal(await refused('half-sent'), 1, 'the second one found room');
    // and those that are left may finish
    head.send('TP/1.1\r\nHost: x\r\n\r\n');
    body.send('second');
    await head.until(/200 OK/);
    await body.until(/"bytes":10/);
    idle.send(ask);
    await idle.until(/200 OK[\s\S]*200 OK/);
    await waitUntil(0);
  });

  for (const { title, sends } of [
    { title: 'nothing', sends: '' },
    { title: 'half a head', sends: 'GET /a HTTP/1.1\r\nHo' },
    { title: 'half a body', sends: 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf' },
  ])
    it(`that send ${title} get 408 at their time limit, and are closed`, async () => {
      const times = { headersTimeout: 40, requestTimeout: 80, connectionsCheckingInterval: 10 };
      const { open } = await given({ times });
      const slow = open();
      slow.send(sends);
      assert.match(await slow.gone, /^HTTP\/1.1 408 Request Timeout\r\n/);
    });

  it('have ten seconds for the head of a request and thirty for all of it, checked every second', () => {
    assert.deepEqual(usualTimes, { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 });
  });

  it('with a head that is too long get 431, however much more of it follows', async () => {
    const { open } = await given();
    const long = open();
    long.send(`GET /a HTTP/1.1\r\nX-Long: ${'x'.repeat(200_000)}`);
    assert.match(await long.gone, /^HTTP\/1.1 431 Request Header Fields Too Large\r\n/);
  });
});

describe('A known peer', () => {
  for (const { address, isKnown } of [
    { address: '127.0.0.1', isKnown: true },
    { address: '::1', isKnown: true },
    { address: '10.1.2.3', isKnown: true },
    { address: '::ffff:10.1.2.3', isKnown: true },
    { address: '192.0.2.1', isKnown: false },
    { address: '', isKnown: false },
  ])
    it(`${address || 'without an address'} is ${isKnown ? 'one' : 'none'} where 10.0.0.0/8 is listed`, () => {
      assert.equal(knownPeers(['10.0.0.0/8'])(address), isKnown);
    });
});
