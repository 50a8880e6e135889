import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temporary.ts';

/** A TCP proxy that a test can cut. */
export type TcpProxy = {
  port: number;
  /** The number of connections. */
  connections(): number;
  /** Resolves when there are fewer connections than `count`. */
  fewerThan(count: number): Promise<void>;
  /** Breaks all connections; until `mend`, new ones break at once. */
  cut(): void;
  /** Keeps all connections but drops all data, without any sign of it. */
  hold(): void;
  /** Lets new connections through again; one that lost data stays silent. */
  mend(): void;
  /** Drops the next request that contains `text`, and all later data on its connection. */
  loseRequest(text: string): Promise<void>;
  /** Passes the next request that contains `text` on, and breaks its connection before the reply arrives. */
  loseReplyTo(text: string): Promise<void>;
};

type Pair = { near: Socket; far: Socket };

/** Opens a proxy on loopback to this loopback port; `undo` closes it. */
export async function tcpProxy(undo: Cleanup, target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: 'open' | 'cut' | 'held' = 'open';
  let losing: { what: 'request' | 'reply'; text: string; done: () => void } | undefined;
  const end = ({ near, far }: Pair): void => {
    near.destroy();
    far.destroy();
  };
  let gone = Promise.withResolvers<void>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair = { near, far };
    if (mode === 'cut') return end(pair);
    pairs.add(pair);
    let isSilent = false;
    let isLost = false;
    near.on('data', (bytes) => {
      if (mode === 'held') isSilent = true;
      const lost = losing && bytes.includes(losing.text) ? losing : undefined;
      if (lost) losing = undefined;
      if (lost?.what === 'request') {
        isSilent = true;
        lost.done();
      }
      if (isSilent) return;
      if (lost) {
        isLost = true;
        far.once('data', () => {
          end(pair);
          lost.done();
        });
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (mode === 'held') isSilent = true;
      if (!isSilent && !isLost) near.write(bytes);
    });
    for (const socket of [near, far]) {
      socket.on('error', () => end(pair));
      socket.on('close', () => {
        end(pair);
        pairs.delete(pair);
        gone.resolve();
        gone = Promise.withResolvers();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    mode = 'cut';
    for (const pair of pairs) end(pair);
  };
  undo.later(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => pairs.size,
    async fewerThan(count) {
      while (pairs.size >= count) await gone.promise;
    },
    cut,
    hold: () => {
      mode = 'held';
    },
    mend: () => {
      mode = 'open';
    },
    loseRequest: (text) =>
      new Promise((done) => {
        losing = { what: 'request', text, done };
      }),
    loseReplyTo: (text) =>
      new Promise((done) => {
        losing = { what: 'reply', text, done };
      }),
  };
}
