import type { Context, Middleware } from 'koa';
import { GatewayFault, NotNow, Overloaded, UndecodableText } from '../../foundation/model/index.ts';
import { isHeld, replyHere, replyOf } from './held.ts';
import { fullPath, type Mount, type Route } from './route.ts';
import { openRouteIndex } from './route-index.ts';
import { mute, type RequestLabels, stateOf } from './state.ts';
import { noteEncoding, unescaped } from './text.ts';
import type { UnderWay } from './under-way.ts';

/** Called with an error that is a defect. */
export type OnDefect = (ctx: Context, error: unknown) => void;

/**
 * Sends each request to its route. A request without a route gets the fallback reply of the mount with the longest
 * matching path; a known path with another method gets that of the path's own mount. So does a request over the limit of `underWay`, which does not count probes and operators.
 */
export function dispatch(mounts: readonly Mount[], told: { onDefect: OnDefect; underWay: UnderWay }): Middleware {
  const index = openRouteIndex(mounts.flatMap(routesOf));
  const ownerOf = (path: string): Mount | undefined =>
    (decodable(path) === path ? index.routeAt(path)?.mount : undefined) ?? mountOf(mounts, path);
  return async (ctx) => {
    const asked = pathOf(ctx);
    const path = asked === undefined ? undefined : decodable(asked);
    const found = path === undefined ? undefined : index.find(ctx.method, path);
    const mount = asked === undefined || (found && path === asked) ? undefined : ownerOf(asked);
    const isRead = path === asked || mount?.encoding === 'latin-1';
    if (found && isRead) {
      if (path !== undefined && path !== asked) ctx.path = path;
      ctx.params = found.params;
      return serve(ctx, found.route, told);
    }
    stateOf(ctx).labels = { dialect: mount?.dialect ?? 'none', route: 'unknown' };
    if (asked === undefined) {
      ctx.status = 400;
      ctx.body = { error: 'Bad request' };
    } else if (!mount) {
      ctx.status = 404;
      ctx.body = { error: 'Not found' };
    } else {
      refuse(ctx, mount, { isRead, allowed: path === undefined ? [] : index.methodsOf(path) });
      await mount.finish?.(ctx);
    }
  };
}

/** A route with its mount and its labels for log and metrics. */
type MountedRoute = Route & { mount: Mount; labels: RequestLabels };

const routesOf = (mount: Mount): MountedRoute[] =>
  mount.routes.map((route) => {
    const path = fullPath(mount.path, route.path);
    return { ...route, path, mount, labels: { dialect: mount.dialect, route: path } };
  });

async function serve(
  ctx: Context,
  { mount: { dialect, fallback, finish, encoding }, labels, handle }: MountedRoute,
  { onDefect, underWay }: { onDefect: OnDefect; underWay: UnderWay },
): Promise<void> {
  stateOf(ctx).labels = labels;
  noteEncoding(ctx, encoding);
  try {
    const reply = replyOf(ctx);
    if (reply || dialect === 'ops') await (reply ?? handle)(ctx);
    else await underWay(ctx, handle);
    await replyHere(ctx);
  } catch (error) {
    if (fallback.error(ctx, error)) onDefect(ctx, error);
    setRetryAfter(ctx, error);
  }
  if (stateOf(ctx).isTooLarge && ctx.status !== 413) ctx.status = 413;
  if (!isHeld(ctx)) await finish?.(ctx);
}

/** Replies to a request without a route. */
function refuse(ctx: Context, { fallback }: Mount, { isRead, allowed }: { isRead: boolean; allowed: readonly string[] }): void {
  if (!isRead && allowed.length > 0) fallback.error(ctx, new UndecodableText('The path'));
  else if (allowed.length > 0) {
    ctx.set('allow', allowed.join(', '));
    fallback.methodNotAllowed(ctx);
  } else fallback.notFound(ctx);
}

/** The path of a request; undefined for a target without one, such as `GET http://`. */
function pathOf(ctx: Context): string | undefined {
  try {
    // Koa's types omit null.
    const path: string | null = ctx.path;
    return path ?? undefined;
  } catch {
    return undefined;
  }
}

/** `Retry-After` of a temporary fault (s). */
const outageSeconds = 5;

function setRetryAfter(ctx: Context, error: unknown): void {
  const isOutage = error instanceof GatewayFault && error.code !== 'config-invalid';
  const seconds = error instanceof NotNow ? error.retryAfterSeconds : isOutage ? outageSeconds : undefined;
  if (seconds !== undefined) ctx.set('retry-after', String(seconds));
  // One event covers all overloaded requests.
  if (error instanceof Overloaded) mute(ctx);
}

/** The path if its escapes decode as UTF-8; otherwise re-encoded from Latin-1. */
function decodable(path: string): string | undefined {
  if (!path.includes('%')) return path;
  const inLatin1 = path.replace(/%[89A-Fa-f][0-9A-Fa-f]/g, (byte) => encodeURIComponent(unescaped(byte).toString('latin1')));
  return [path, inLatin1].find((each) => {
    try {
      decodeURIComponent(each);
      return true;
    } catch {
      return false;
    }
  });
}

function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const holding = mounts.filter((mount) => mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`));
  return holding.reduce<Mount | undefined>((best, mount) => (best && best.path.length >= mount.path.length ? best : mount), undefined);
}
