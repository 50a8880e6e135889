import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cleanup } from '../kit/temporary.ts';

/** Sends the first part of a reply, and then breaks the connection off. */
function breakOff(reply: ServerResponse, headers: Record<string, string>, begin: string): void {
  reply.writeHead(200, headers);
  reply.write(begin, () => reply.destroy());
}

/** A far side whose replies break: event streams always, and the challenges `cut` and `page` too. Others are accepted. */
export async function givenBrokenGateway(undo: Cleanup): Promise<string> {
  const server = createServer(({ url = '' }, reply) => {
    const [, id = '', act] = /^\/v1\/challenges\/(\w+)(?:\/(\w+))?/.exec(url) ?? [];
    if (act === 'events')
      return breakOff(
        reply,
        { 'content-type': 'text/event-stream' },
        `event: challenge\ndata: {"id":"${id}","status":"pending"}\n\nevent: chal`,
      );
    if (id === 'cut') return breakOff(reply, { 'content-type': 'application/json', 'content-length': '100' }, '{"id":');
    if (id === 'page') return void reply.end('<html>A proxy replies</html>');
    reply.end(JSON.stringify({ id, status: 'accepted' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
