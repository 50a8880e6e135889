import type { Context } from 'koa';
import { canDetach, connectionOf, dropInput } from './connection.ts';
import { EventStream, type Follow } from './event-stream.ts';
import { stateOf } from './state.ts';

/**
 * Replies with a stream of events. `follow` is called when the request has left the HTTP server; keep what it refers to
 * small. Returns false when another request is under way on the connection, so that this one cannot leave.
 * @see docs/decisions/waiting-requests-leave.md
 */
export function streamEvents(ctx: Context, follow: Follow): boolean {
  if (!canDetach(ctx)) return false;
  ctx.status = 200;
  // The stream ends with the connection, so it needs no framing of its own.
  ctx.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' });
  stateOf(ctx).follow = follow;
  return true;
}

/** Whether the reply of this request is a stream. */
export const isStream = (ctx: Context): boolean => stateOf(ctx).follow !== undefined;

/** The open streams of a listener. */
export type Streams = {
  /** Begins the stream of a request, whose connection leaves the server. */
  open(ctx: Context, follow: Follow): void;
  /** Ends all streams within 15 s, so that their clients come back to the service of now. */
  renew(): void;
  /** Ends all streams, and later ones at once. */
  end(): void;
};

/** Opens an empty list. */
export function openStreams(): Streams {
  const streams = new Set<EventStream>();
  let hasEnded = false;
  return {
    open(ctx, follow) {
      const connection = connectionOf(ctx.req);
      if (!canDetach(ctx)) return void connection.destroy();
      const socket = connection.leave();
      dropInput(socket);
      const stream = new EventStream(socket, headOf(ctx));
      socket.once('close', () => streams.delete(stream));
      streams.add(stream);
      stream.start(follow);
      if (hasEnded) stream.end({ comesBack: true });
    },
    renew() {
      for (const stream of streams) stream.endSoon();
    },
    end() {
      hasEnded = true;
      for (const stream of streams) stream.end({ comesBack: true });
    },
  };
}

function headOf(ctx: Context): string {
  const headers = Object.entries(ctx.res.getHeaders()).map(([name, value]) => `${name}: ${String(value)}`);
  return ['HTTP/1.1 200 OK', ...headers, `date: ${new Date().toUTCString()}`, '', ''].join('\r\n');
}
