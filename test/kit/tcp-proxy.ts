import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temporary.ts';

/** A wire that a test can cut. */
export type TcpProxy = {
  port: number;
  /** How many connections there are. */
  connections(): number;
  /** Resolves when there are fewer than that. */
  fewerThan(count: number): Promise<void>;
  /** Breaks all connections; until `mend`, new ones are broken at once. */
  cut(): void;
  /** Keeps all connections, and lets nothing through any more: bytes get lost, and nobody is told. */
  hold(): void;
  /** Lets new connections through again; one that lost bytes stays silent for ever. */
  mend(): void;
  /** Loses the next request whose bytes hold `text`, and all that comes after it on its connection. */
  loseRequest(text: string): Promise<void>;
  /** Lets the next request through whose bytes hold `text`, and breaks its connection before the reply gets back. */
  loseReplyTo(text: string): Promise<void>;
};

type Pair = { near: Socket; far: Socket };

/** Opens a proxy on loopback to this port of loopback; `undo` closes it. */
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
