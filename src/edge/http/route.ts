import type { Context } from 'koa';
import type { Encoding } from './state.ts';

/** Methods that a route may take; HEAD comes with GET. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Which requests a route owns: `path` below its mount, with `:name` for a segment. */
export type RoutePattern = { methods: readonly Method[]; path: string };

/** A pattern with what answers it. */
export type Route = RoutePattern & { handle(ctx: Context): Promise<void> | void };

/** A pattern with what answers it, for any mount of its dialect; `P` is what a mount brings along. */
export type Handler<P> = RoutePattern & { handler: (parts: P, ctx: Context) => Promise<void> };

/** Ties the handlers of a dialect to the parts of one mount. */
export const tieRoutes = <P>(table: readonly Handler<P>[], parts: P): Route[] =>
  table.map(({ methods, path, handler }) => ({ methods, path, handle: (ctx) => handler(parts, ctx) }));

/** Replies of a dialect for unmatched routes and thrown errors. Every one of them sets status and body. */
export type FallbackReplies = {
  notFound(ctx: Context): void;
  methodNotAllowed(ctx: Context): void;
  /** Answers an error that a handler threw; true when it was a defect, to be logged as one. */
  error(ctx: Context, error: unknown): boolean;
};

/** What is served below one path of a listener; `finish` has the last word on every reply of it. Without an encoding its requests are UTF-8. */
export type Mount = {
  path: string;
  dialect: string;
  routes: readonly Route[];
  fallback: FallbackReplies;
  finish?: (ctx: Context) => Promise<void>;
  encoding?: Encoding;
};

/** The routes of a mount as the configuration check sees them. */
export type MountRoutes = { mountPath: string; routes: readonly RoutePattern[] };

/** The whole path of a route. */
export const fullPath = (mountPath: string, path: string): string => (mountPath === '/' ? path : `${mountPath}${path}`);

/** Finds mounts that own the same route; parameter names do not matter. The path is that of the later mount, below its listener. */
export function routeConflicts(mounts: readonly MountRoutes[]): { path: PropertyKey[]; message: string; level: 'error' }[] {
  const owners = new Map<string, number>();
  const conflicts = new Map<number, string>();
  mounts.forEach(({ mountPath, routes }, index) => {
    for (const { methods, path } of routes) {
      for (const method of methods) {
        const key = `${method} ${fullPath(mountPath, path).replace(/:[^/]+/g, ':')}`;
        const owner = owners.get(key) ?? index;
        owners.set(key, owner);
        if (owner !== index && !conflicts.has(index))
          conflicts.set(index, `mounts[${owner}] owns ${method} ${fullPath(mountPath, path)} already; give one of them another path`);
      }
    }
  });
  return [...conflicts].map(([index, message]) => ({ path: ['mounts', index, 'path'], message, level: 'error' }));
}
