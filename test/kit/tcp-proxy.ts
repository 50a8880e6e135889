import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temporary.ts';

/** A wire that a test can cut. */
export type TcpProxy = {
  port: number;
  /** Breaks all connections; until `mend`, new ones are broken at once. */
  cut(): void;
  /** Keeps all connections, and lets nothing through any more. */
  hold(): void;
  mend(): void;
  /** Lets the next request through whose bytes hold `text`, and breaks its connection before the reply gets back. */
  loseReplyTo(text: string): Promise<void>;
};

type Pair = { near: Socket; far: Socket };

/** Opens a proxy on loopback to this port of loopback; `undo` closes it. */
export async function tcpProxy(undo: Cleanup, target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: 'open' | 'cut' | 'held' = 'open';
  let losing: { text: string; done: () => void } | undefined;
  const end = ({ near, far }: Pair): void => {
    near.destroy();
    far.destroy();
  };
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const pair = { near, far };
    if (mode === 'cut') return end(pair);
    pairs.add(pair);
    let isLost = false;
    near.on('data', (bytes) => {
      if (mode === 'held') return;
      if (losing && bytes.includes(losing.text)) {
        const { done } = losing;
        losing = undefined;
        isLost = true;
        far.once('data', () => {
          end(pair);
          done();
        });
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => void (mode !== 'held' && !isLost && near.write(bytes)));
    for (const socket of [near, far]) {
      socket.on('error', () => end(pair));
      socket.on('close', () => {
        end(pair);
        pairs.delete(pair);
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
    cut,
    hold: () => {
      mode = 'held';
    },
    mend: () => {
      mode = 'open';
    },
    loseReplyTo: (text) =>
      new Promise((done) => {
        losing = { text, done };
      }),
  };
}
