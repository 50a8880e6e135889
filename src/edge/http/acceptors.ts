import cluster from 'node:cluster';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** Where a server listens, with the port that it really has; `close` ends that, and resolves when every connection has ended. */
export type Listening = AddressInfo & { close(): Promise<void> };

/** Connections that the kernel keeps for each socket while we are busy; it may allow less (net.core.somaxconn). Of Node's own 511 a burst of 2,000 logins lost 114. */
const backlog = 4096;
/**
 * Node takes one connection of a listening socket per turn of its event loop. A busy one has a hundred turns a second, so connections would wait in the kernel
 * for seconds, where nobody can refuse them. So many sockets share the port, and as many connections are taken per turn.
 */
const sockets = 32;

/** Listens with several sockets where the system has that for one port (SO_REUSEPORT); workers of a cluster are handed their connections by another process. */
export async function listenWidely(server: Server, { host, port }: { host: string; port: number }): Promise<Listening> {
  if (cluster.isWorker) return listening(server, [], await bind(server, { host, port }));
  // Sockets that share a port are refused none: another program that has it is only seen without.
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

/** Undefined where the system shares no ports. */
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
