import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { isHeld, replyHere, replyOf } from './held.ts';
import { fullPath, type Mount } from './route.ts';

/** What a request was found to be: its dialect and the pattern of its route, for log and metrics. */
export type RequestLabels = { dialect: string; route: string };

/** Sends each request to its route; what no route owns is answered in the words of the mount with the longest path that holds it. */
export function dispatch(mounts: readonly Mount[], onDefect: (ctx: Context, error: unknown) => void): Middleware {
  const router = new Router({ strict: false, sensitive: true });
  for (const { path: mountPath, dialect, routes, unknown, finish } of mounts) {
    for (const { methods, path, handle } of routes) {
      const whole = fullPath(mountPath, path);
      const labels: RequestLabels = { dialect, route: whole };
      // Registered without the slash at its end, a route is found with and without it.
      router.register(whole.replace(/(?<=.)\/$/, ''), [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])], async (ctx: Context) => {
        ctx.state.labels = labels;
        try {
          await (replyOf(ctx) ?? handle)(ctx);
          await replyHere(ctx);
        } catch (error) {
          if (unknown.error(ctx, error)) onDefect(ctx, error);
        }
        if (!isHeld(ctx)) await finish?.(ctx);
      });
    }
  }
  const routed = router.routes();
  return async (ctx, next) => {
    const mount = mountOf(mounts, ctx.path);
    ctx.state.labels = { dialect: mount?.dialect ?? 'none', route: 'unknown' } satisfies RequestLabels;
    const path = decodable(ctx.path);
    const allowed = path === undefined ? [] : methodsOf(router, path);
    if (allowed.includes(ctx.method)) return routed(ctx as Parameters<typeof routed>[0], next);
    if (!mount) {
      ctx.status = 404;
      ctx.body = { error: 'Not found' };
    } else if (allowed.length > 0) {
      ctx.set('allow', allowed.join(', '));
      mount.unknown.methodNotAllowed(ctx);
    } else mount.unknown.notFound(ctx);
    await mount?.finish?.(ctx);
  };
}

function methodsOf(router: Router, path: string): string[] {
  return [...new Set(router.stack.filter((layer) => layer.match(path)).flatMap(({ methods }) => methods))];
}

/** The path when its escapes can be decoded. */
function decodable(path: string): string | undefined {
  try {
    decodeURIComponent(path);
    return path;
  } catch {
    return undefined;
  }
}

function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const holding = mounts.filter((mount) => mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`));
  return holding.reduce<Mount | undefined>((best, mount) => (best && best.path.length >= mount.path.length ? best : mount), undefined);
}
