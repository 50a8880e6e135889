import type { Context, Middleware } from 'koa';
import type { RequestTrace } from '../../foundation/telemetry/spans.ts';

/** How a request is answered that has come back. */
export type Reply = (ctx: Context) => Promise<void>;

/** What a handler leaves behind when its reply has to wait. */
export type Held = { until: Promise<unknown>; reply: Reply };

/** What a request was found to be: its dialect and the pattern of its route, for log and metrics. */
export type RequestLabels = { dialect: string; route: string };

/** What answers a request from its first to its last moment, and what is told that it is over; `stopWatching`: while it is held, its socket is watched. */
export type Served = { answer: Middleware; end: () => void; stopWatching?: () => void };

/** How the bytes of a text are read that are not UTF-8: they are refused, or the whole text is Latin-1. */
export type Encoding = 'utf-8' | 'latin-1';

/** What is noted about a request while it is under way. A held request takes all of it along but its body. */
export type RequestState = {
  /** When it came first, by `performance.now()`. */
  start?: number;
  requestId?: string;
  /** The trace it belongs to, where a known caller says so. */
  traceId?: string | undefined;
  /** Its span, while traces are on. */
  trace?: RequestTrace | undefined;
  labels?: RequestLabels;
  /** The encoding of its mount. */
  encoding?: Encoding | undefined;
  /** The body as it came: whoever signed the request signed these bytes. */
  rawBody?: Buffer;
  /** Its body was larger than any that is read. */
  isTooLarge?: boolean;
  /** Its line in the log is for who looks closely: a flood of the same would fill the disk. */
  isMuted?: boolean;
  /** Its parameters for policies, without secrets. */
  params?: ReadonlyMap<string, string>;
  served?: Served;
  held?: Held;
  /** What answers it, where it has come back. */
  reply?: Reply;
};

/** The state of a request by its type; Koa itself takes anything for it. */
export const stateOf = (ctx: Context): RequestState => ctx.state;

/** Keeps the line of a request out of the usual log. */
export function mute(ctx: Context): void {
  stateOf(ctx).isMuted = true;
}
