import type { Context, Middleware } from 'koa';
import type { RequestTrace } from '../../foundation/telemetry/spans.ts';
import type { Follow } from './event-stream.ts';

/** Replies to a request that has come back. */
export type Reply = (ctx: Context) => Promise<void>;

/** A held reply: what it waits for, and how to send it. */
export type Held = { until: Promise<unknown>; reply: Reply };

/** The dialect and route pattern of a request, for log and metrics. */
export type RequestLabels = { dialect: string; route: string };

/**
 * The service of a request from start to end, and the function to call at its end. `stopWatching` ends the watch on the
 * socket of a held request.
 */
export type Served = { answer: Middleware; end: () => void; stopWatching?: () => void };

/** How bytes are read that are not UTF-8: refused, or the whole text as Latin-1. */
export type Encoding = 'utf-8' | 'latin-1';

/** Notes about a request while it is under way. A held request keeps all of them except its body. */
export type RequestState = {
  /** The time of arrival, by `performance.now()`. */
  start?: number;
  requestId?: string;
  /** The trace id from a known caller. */
  traceId?: string | undefined;
  /** The span of the request, while tracing is on. */
  trace?: RequestTrace | undefined;
  labels?: RequestLabels;
  /** The encoding of its mount. */
  encoding?: Encoding | undefined;
  /** The body as received: request signatures cover these bytes. */
  rawBody?: Buffer;
  /** The body was over the size limit. */
  isTooLarge?: boolean;
  /** Log this request at debug level only: a flood would fill the disk. */
  isMuted?: boolean;
  /** The request's parameters for policies, without secrets. */
  params?: ReadonlyMap<string, string>;
  served?: Served;
  held?: Held;
  /** The reply is a stream of events. */
  follow?: Follow;
  /** The reply to send, when the request has come back. */
  reply?: Reply;
};

/** The typed state of a request; Koa itself accepts anything. */
export const stateOf = (ctx: Context): RequestState => ctx.state;

/** Logs a request at debug level only. */
export function mute(ctx: Context): void {
  stateOf(ctx).isMuted = true;
}
