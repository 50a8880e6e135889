import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Context, Middleware } from 'koa';
import { Connection, canDetach, connectionOf, watchEnd } from './connection.ts';
import { type Held, type Reply, type RequestState, stateOf } from './state.ts';
import { openStreams, type Streams } from './streams.ts';

/**
 * Delays the reply of this request until `until` has settled. Meanwhile the HTTP server forgets the request, which
 * costs five times as much memory as its socket. Then `reply` answers with a new context and the old `state`. Keep what
 * `reply` refers to small.
 * @see docs/decisions/waiting-requests-leave.md
 */
export function holdReply<T>(ctx: Context, until: Promise<T>, reply: (ctx: Context, ended: Promise<T>) => Promise<void>): void {
  stateOf(ctx).held = { until, reply: (back) => reply(back, until) };
}

/** Whether the reply of this request is being held. */
export const isHeld = (ctx: Context): boolean => stateOf(ctx).held !== undefined;

/**
 * Calls `notify` when the client of this request disconnects, held or not, until the returned function is called. Refers
 * to nothing but the socket.
 */
export function onDisconnect(ctx: Context): (notify: () => void) => () => void {
  const { socket } = connectionOf(ctx.req);
  return (notify) => {
    if (socket.destroyed) notify();
    socket.once('close', notify);
    return () => void socket.off('close', notify);
  };
}

/** The reply for a request that has come back. */
export function replyOf(ctx: Context): Reply | undefined {
  const state = stateOf(ctx);
  const { reply } = state;
  delete state.reply;
  return reply;
}

/** Waits in place for a held reply when the request cannot leave: another one is under way on its connection. */
export async function replyHere(ctx: Context): Promise<void> {
  const state = stateOf(ctx);
  const { held } = state;
  if (!held || canDetach(ctx)) return;
  delete state.held;
  await held.reply(ctx);
}

/**
 * The outermost middleware, which lets requests with held replies and streams leave the server; `cutOff` closes the
 * sockets of held replies.
 */
export type Holding = { middleware: Middleware; streams: Streams; cutOff(): void };

/** @param serve gives a returning connection to the HTTP server */
export function openHolding(serve: (connection: Connection) => void): Holding {
  const resuming = new WeakMap<Connection, RequestState>();
  const detached = new Set<Socket>();
  const streams = openStreams();
  const detachUntil = (connection: Connection, head: string, { until, reply }: Held, state: RequestState): void => {
    const socket = connection.leave();
    const stopWatching = watchEnd(socket);
    detached.add(socket);
    const resume = (): void => {
      detached.delete(socket);
      stopWatching();
      const again = new Connection(socket, head);
      resuming.set(again, { ...state, reply });
      serve(again);
    };
    until.then(resume, resume);
  };
  return {
    async middleware(ctx, next) {
      const connection = connectionOf(ctx.req);
      connection.newest = ctx.req;
      ctx.state = resuming.get(connection) ?? ctx.state;
      resuming.delete(connection);
      await next();
      const { held, follow, rawBody: _read, ...state } = stateOf(ctx);
      ctx.respond = !held && !follow;
      if (follow) streams.open(ctx, follow);
      else if (held) detachUntil(connection, headOf(ctx.req), held, state);
    },
    streams,
    cutOff() {
      for (const socket of detached) socket.destroy();
    },
  };
}

/** The head of a request as sent, without headers of the body, which was read. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!ofBody.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  return [...lines, '', ''].join('\r\n');
}

const ofBody = new Set(['content-length', 'transfer-encoding', 'trailer', 'expect']);
