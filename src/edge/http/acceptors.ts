import cluster from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/**
 * A listening server's address, with its actual port; `close` stops listening and resolves when every connection has
 * ended.
 */
export type Listening = AddressInfo & { close(): Promise<void> };

/**
 * The accept backlog per socket, which the kernel may limit (net.core.somaxconn). With Node's 511, a burst of 2,000
 * logins lost 114 connections.
 */
const backlog = 4096;
/**
 * Sockets per port. Node accepts one connection per listening socket and turn of its event loop. A busy loop has a
 * hundred turns a second, so connections would wait in the kernel for seconds, out of the gateway's control.
 */
const sockets = 32;

/**
 * Listens with several sockets on one port where the system supports it (SO_REUSEPORT). Not in cluster workers, which
 * get connections from the primary process.
 */
export async function listenOnManySockets(server: Server, { host, port }: { host: string; port: number }): Promise<Listening> {
  if (cluster.isWorker) return listening(server, [], await bind(server, { host, port }));
  // With SO_REUSEPORT a port in use by another program is not reported, so first try without.
  if (port !== 0) await tryAlone({ host, port });
  const first = await bindShared(server, { host, port });
  if (!first) return listening(server, [], await bind(server, { host, port }));
  const others: Server[] = [];
  try {
    while (others.length < sockets - 1) {
      const other = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void server.emit('connection', socket));
      await bind(other, { host: first.address, port: first.port, reusePort: true });
      others.push(other);
    }
  } catch (error) {
    await listening(server, others, first).close();
    throw error;
  }
  return listening(server, others, first);
}

type Place = { host: string; port: number; reusePort?: boolean };

async function bind(server: Server, place: Place): Promise<AddressInfo> {
  server.listen({ ...place, backlog });
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) throw new Error('a server listens at no address');
  return bound;
}

/** Undefined when the system does not support SO_REUSEPORT. */
async function bindShared(server: Server, place: Place): Promise<AddressInfo | undefined> {
  try {
    return await bind(server, { ...place, reusePort: true });
  } catch (error) {
    const isUnknown = error instanceof Error && 'code' in error && (error.code === 'ENOTSUP' || error.code === 'EINVAL');
    if (isUnknown) return undefined;
    throw error;
  }
}

async function tryAlone(place: Place): Promise<void> {
  const alone = createServer();
  await bind(alone, place);
  alone.close();
  await once(alone, 'close');
}

function listening(server: Server, others: readonly Server[], address: AddressInfo): Listening {
  const close = async (each: Server): Promise<void> => {
    const closed = once(each, 'close');
    each.close();
    await closed;
  };
  return { ...address, close: async () => void (await Promise.all([server, ...others].map(close))) };
}
