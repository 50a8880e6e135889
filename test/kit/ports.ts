import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { systemCode } from '../../src/foundation/model/index.ts';

/**
 * Below the ports that systems give to outgoing connections, one of which could take the port of a server that restarts;
 * above 10080, which `fetch` refuses to call.
 */
const [lowest, highest] = [11_000, 32_000];

/** A port on loopback that was free a moment ago, for processes that need it before they listen. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
