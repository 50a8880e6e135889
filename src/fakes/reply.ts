import type { Http2ServerResponse } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeReply } from './exchange.ts';

/**
 * Writes a reply; with `slowBody`, byte by byte with that many milliseconds before each. Stops when the client
 * disconnects.
 */
export async function writeReply(
  response: Http2ServerResponse,
  reply: FakeReply,
  { slowBody }: { slowBody: number | undefined },
): Promise<void> {
  if (isGone(response)) return;
  const body = Buffer.from(reply.body);
  const headers = { ...reply.headers, 'content-length': String(body.length) };
  // HTTP/2 has no reason phrase, and Node warns about one.
  if (reply.reason !== undefined && response.req.httpVersionMajor === 1) response.writeHead(reply.status, reply.reason, headers);
  else response.writeHead(reply.status, headers);
  if (slowBody === undefined) return void response.end(body);
  for (const byte of body) {
    await pause(slowBody);
    if (isGone(response)) return;
    response.write(Buffer.of(byte));
  }
  response.end();
}

/** Whether the client of this reply is gone. On HTTP/1.1 a response has no stream of its own. */
export const isGone = ({ stream, destroyed, writableEnded }: Http2ServerResponse): boolean =>
  writableEnded || (stream ? stream.destroyed : destroyed);

/** Waits in real time, without keeping the process alive. */
export async function pause(ms = 0): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { ref: false });
}
