import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Cleanup } from '../kit/temporary.ts';

/**
 * A proxy that connects every tunnel to one port of this machine, whatever the requested host; `asked`: those hosts.
 */
export async function connectProxy(undo: Cleanup, targetUrl: string): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const proxy = createServer().on('connect', (request, client, head) => {
    asked.push(String(request.url));
    const target = connect(Number(new URL(targetUrl).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    for (const [one, other] of [[client, target] as const, [target, client] as const])
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    undo.later(() => target.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  undo.later(() => proxy.close());
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}
