import type { Context, Middleware } from 'koa';
import { randomHex } from '../../foundation/crypto/index.ts';
import type { Log, Metrics } from '../../foundation/telemetry/index.ts';
import { type RequestTrace, traceRequest } from '../../foundation/telemetry/spans.ts';
import { isHeld } from './held.ts';
import { opsPatterns } from './probes.ts';
import { fullPath, type Mount } from './route.ts';
import { type RequestLabels, stateOf } from './state.ts';

const saneId = /^[A-Za-z0-9._-]{1,64}$/;
const traceParent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const unlabelled: RequestLabels = { dialect: 'none', route: 'unknown' };
/** Frequent probes would drown the rest of the log. */
const isProbe = (route: string): boolean => opsPatterns.some(({ path }) => route.endsWith(path));

/** A source that failed too often: one event covers its requests. */
const isTurnedAway = (ctx: Context): boolean => stateOf(ctx).isMuted === true || ctx.status === 429;

/**
 * Gives every request an id, logs it after its reply, and counts it. Never logs query or body, which may contain PINs.
 */
export function observe({ log, metrics, draining }: { log: Log; metrics: Metrics; draining: { now: boolean } }): Middleware {
  return async (ctx, next) => {
    const { start = performance.now(), requestId = randomHex(8) } = stateOf(ctx);
    const { trace = traceRequest(performance.timeOrigin + start, ctx.method) } = stateOf(ctx);
    Object.assign(stateOf(ctx), { start, requestId, trace });
    ctx.set('x-request-id', requestId);
    await (trace ? trace.run(next) : next());
    if (isHeld(ctx)) return;
    if (draining.now) ctx.set('connection', 'close');
    const { dialect, route } = stateOf(ctx).labels ?? unlabelled;
    metrics.requests.inc({ dialect, route, status: String(ctx.status) });
    const ms = Math.round((performance.now() - start) * 10) / 10;
    if (trace && !isProbe(route)) endTrace(ctx, trace, { dialect, route });
    const { requestId: id, traceId = trace?.traceId() } = stateOf(ctx);
    const line = { requestId: id, traceId, method: ctx.method, route, status: ctx.status, ms };
    if (isProbe(route) || isTurnedAway(ctx)) log.debug(line, 'request');
    else log.info(line, 'request');
  };
}

function endTrace(ctx: Context, trace: RequestTrace, { dialect, route }: RequestLabels): void {
  const attributes = {
    'http.request.method': ctx.method,
    'http.route': route,
    'http.response.status_code': ctx.status,
    'url.scheme': ctx.protocol,
    'pushgate.dialect': dialect,
    'pushgate.request_id': stateOf(ctx).requestId,
  };
  trace.end(`${ctx.method} ${route}`, attributes, ctx.status >= 500 ? String(ctx.status) : undefined);
}

/** Statuses shown from the start: success, a defect of ours, and an unreachable store. */
const watched = ['200', '500', '503'];

/** Shows the series of every route before the first request, so that even the first error is an increase. */
export function startRequests({ requests }: Metrics, mounts: readonly Mount[]): void {
  for (const { path: mountPath, dialect, routes } of mounts)
    for (const { path } of routes)
      for (const status of watched) requests.startAtZero({ dialect, route: fullPath(mountPath, path), status });
}

/** Adopts valid ids from a known caller. Others must not be able to write log lines under another request's id. */
export function takeOverIds(ctx: Context): void {
  const state = stateOf(ctx);
  state.traceId = traceParent.exec(ctx.get('traceparent'))?.[1];
  state.trace?.begin(ctx.get('traceparent'));
  const brought = ctx.get('x-request-id');
  if (!saneId.test(brought)) return;
  state.requestId = brought;
  ctx.set('x-request-id', brought);
}
