import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Cleanup } from './temporary.ts';

/** A received web hook. */
export type ReceivedHook = { headers: IncomingHttpHeaders; body: string };

/** A server that receives web hooks, on plain HTTP and a free port of loopback. */
export type HookReceiver = {
  url: string;
  received: ReceivedHook[];
  /** The types of the received events, in order. */
  types(): string[];
  /** Resolves when so many web hooks have come. */
  count(wanted: number): Promise<void>;
  /** Replies to the next web hooks with these; the last one stays. */
  reply(...replies: [Reply, ...Reply[]]): void;
};

/** A status, with headers; or none at all. */
export type Reply = { status: number | 'hangs'; headers?: Record<string, string> };

/** Starts a receiver that takes every web hook. */
export async function hookReceiver(undo: Cleanup): Promise<HookReceiver> {
  let replies: Reply[] = [{ status: 204 }];
  const received: ReceivedHook[] = [];
  let waiting: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: await text(request) });
    const { status = 204, headers = {} } = (replies.length > 1 ? replies.shift() : replies[0]) ?? {};
    if (status !== 'hangs') response.writeHead(status, headers).end();
    for (const look of waiting.splice(0)) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    types: () => received.map(({ body }) => String(JSON.parse(body).type)),
    count: (wanted) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length >= wanted) resolve();
          else waiting = [...waiting, look];
        };
        look();
      }),
    reply(...next) {
      replies = next;
    },
  };
}
