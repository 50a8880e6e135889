import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { GatewayFault, NotNow, Overloaded, UndecodableText } from '../../foundation/model/index.ts';
import { isHeld, replyHere, replyOf } from './held.ts';
import { fullPath, type Mount } from './route.ts';
import { mute, stateOf } from './state.ts';
import { noteEncoding, unescaped } from './text.ts';
import type { UnderWay } from './under-way.ts';

/** What is told of an error that is a defect. */
export type OnDefect = (ctx: Context, error: unknown) => void;

/**
 * Sends each request to its route; what no route owns is answered in the words of the mount with the longest path that holds it. Requests that are one too
 * many of `underWay` are refused in those words, too; probes and operators are not counted.
 */
export function dispatch(mounts: readonly Mount[], { onDefect, underWay }: { onDefect: OnDefect; underWay: UnderWay }): Middleware {
  const router = new Router({ strict: false, sensitive: true });
  for (const { path: mountPath, dialect, routes, fallback, finish, encoding } of mounts) {
    for (const { methods, path, handle } of routes) {
      const whole = fullPath(mountPath, path);
      const labels = { dialect, route: whole };
      // Registered without the slash at its end, a route is found with and without it.
      router.register(whole.replace(/(?<=.)\/$/, ''), [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])], async (ctx: Context) => {
        stateOf(ctx).labels = labels;
        noteEncoding(ctx, encoding);
        try {
          const reply = replyOf(ctx);
          if (reply || dialect === 'ops') await (reply ?? handle)(ctx);
          else await underWay(ctx, handle);
          await replyHere(ctx);
        } catch (error) {
          if (fallback.error(ctx, error)) onDefect(ctx, error);
          tellWhen(ctx, error);
        }
        if (stateOf(ctx).isTooLarge && ctx.status !== 413) ctx.status = 413;
        if (!isHeld(ctx)) await finish?.(ctx);
      });
    }
  }
  const routed = router.routes();
  return async (ctx, next) => {
    const asked = pathOf(ctx);
    const mount = asked === undefined ? undefined : mountOf(mounts, asked);
    stateOf(ctx).labels = { dialect: mount?.dialect ?? 'none', route: 'unknown' };
    if (asked === undefined) {
      ctx.status = 400;
      ctx.body = { error: 'Bad request' };
      return;
    }
    const path = decodable(asked);
    const allowed = path === undefined ? [] : methodsOf(router, path);
    const isRead = path === asked || mount?.encoding === 'latin-1';
    if (path !== undefined && isRead && allowed.includes(ctx.method)) {
      ctx.path = path;
      return routed(ctx as Parameters<typeof routed>[0], next);
    }
    if (!mount) {
      ctx.status = 404;
      ctx.body = { error: 'Not found' };
    } else if (!isRead && allowed.length > 0) mount.fallback.error(ctx, new UndecodableText('The path'));
    else if (allowed.length > 0) {
      ctx.set('allow', allowed.join(', '));
      mount.fallback.methodNotAllowed(ctx);
    } else mount.fallback.notFound(ctx);
    await mount?.finish?.(ctx);
  };
}

/** The path of a request; undefined for a target that names a server and no path, or no server that there can be: `GET http://`. */
function pathOf(ctx: Context): string | undefined {
  try {
    // Whatever Koa's types say.
    const path: string | null = ctx.path;
    return path ?? undefined;
  } catch {
    return undefined;
  }
}

/** When a client may come again whose request would be answered then (s). */
const outageSeconds = 5;

function tellWhen(ctx: Context, error: unknown): void {
  const isOutage = error instanceof GatewayFault && error.code !== 'config-invalid';
  const seconds = error instanceof NotNow ? error.retryAfterSeconds : isOutage ? outageSeconds : undefined;
  if (seconds !== undefined) ctx.set('retry-after', String(seconds));
  // One event has told of all of them.
  if (error instanceof Overloaded) mute(ctx);
}

function methodsOf(router: Router, path: string): string[] {
  return [...new Set(router.stack.filter((layer) => layer.match(path)).flatMap(({ methods }) => methods))];
}

/** The path when its escapes can be decoded; where they are not UTF-8, the one that they mean in Latin-1. */
function decodable(path: string): string | undefined {
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
