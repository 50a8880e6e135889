import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Context, Middleware } from 'koa';
import { Connection, connectionOf, listenTo } from './connection.ts';
import { type Held, type Reply, type RequestState, stateOf } from './state.ts';

/**
 * Lets the reply of this request wait until `until` has settled. Meanwhile the HTTP server forgets the request, which costs five times what its socket
 * does; then it comes back, to be answered by `reply` with a new context and the old `state`. What `reply` refers to is kept as long, so let it be little.
 * @see docs/decisions/waiting-requests-leave.md
 */
export function holdReply<T>(ctx: Context, until: Promise<T>, reply: (ctx: Context, ended: Promise<T>) => Promise<void>): void {
  stateOf(ctx).held = { until, reply: (back) => reply(back, until) };
}

/** Whether there is nothing to be sent yet for this request. */
export const isHeld = (ctx: Context): boolean => stateOf(ctx).held !== undefined;

/** Says when whoever sent this request has gone, held or not: calls `tell`, until it is stopped by what it returns. Refers to nothing but the socket. */
export function whenGone(ctx: Context): (tell: () => void) => () => void {
  const { socket } = connectionOf(ctx.req);
  return (tell) => {
    if (socket.destroyed) tell();
    socket.once('close', tell);
    return () => void socket.off('close', tell);
  };
}

/** What answers this request where it has come back. */
export function replyOf(ctx: Context): Reply | undefined {
  const state = stateOf(ctx);
  const { reply } = state;
  delete state.reply;
  return reply;
}

/** Waits here for a reply whose request cannot go: another one is under way on its connection. */
export async function replyHere(ctx: Context): Promise<void> {
  const state = stateOf(ctx);
  const { held } = state;
  if (!held || canGo(ctx)) return;
  delete state.held;
  await held.reply(ctx);
}

function canGo({ req, res }: Context): boolean {
  const connection = connectionOf(req);
  return !connection.destroyed && connection.newest === req && Object.is(res.socket, connection);
}

/** The outermost middleware, which lets requests go whose reply is held; `cutOff` closes their sockets. */
export type Holding = { middleware: Middleware; cutOff(): void };

/** @param serve gives a connection to the HTTP server, for a request that comes back */
export function openHolding(serve: (connection: Connection) => void): Holding {
  const comingBack = new WeakMap<Connection, RequestState>();
  const away = new Set<Socket>();
  const goAndComeBack = (connection: Connection, head: string, { until, reply }: Held, state: RequestState): void => {
    const socket = connection.leave();
    const stopWatching = listenTo(socket, watches);
    away.add(socket);
    const comeBack = (): void => {
      away.delete(socket);
      stopWatching();
      const again = new Connection(socket, head);
      comingBack.set(again, { ...state, reply });
      serve(again);
    };
    until.then(comeBack, comeBack);
  };
  return {
    async middleware(ctx, next) {
      const connection = connectionOf(ctx.req);
      connection.newest = ctx.req;
      ctx.state = comingBack.get(connection) ?? ctx.state;
      comingBack.delete(connection);
      await next();
      const { held, rawBody: _read, ...state } = stateOf(ctx);
      if (!held) return;
      ctx.respond = false;
      goAndComeBack(connection, headOf(ctx.req), held, state);
    },
    cutOff() {
      for (const socket of away) socket.destroy();
    },
  };
}

/** A request without its body, which was read, as it came. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!ofBody.has(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[at + 1]}`);
  }
  return [...lines, '', ''].join('\r\n');
}

const ofBody = new Set(['content-length', 'transfer-encoding', 'trailer', 'expect']);

/** What notices the end of a socket that nobody reads, shared by all of them. What broke one is of no interest: it closes next, and that is heard. */
const watches = { readable: askForMore, end: hangUp, error: hangUp };

function askForMore(this: Socket): void {
  this.read(0);
}

function hangUp(this: Socket): void {
  this.destroy();
}
