import type { Context } from 'koa';
import type { Permission } from '../../policy/index.ts';
import type { AuthServerRight } from '../access/index.ts';
import type { Encoding } from './state.ts';

/** Methods of a route; GET includes HEAD. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The requests of a route: `path` below its mount, with `:name` for a segment. */
export type RoutePattern = { methods: readonly Method[]; path: string };

/**
 * What a caller needs: nothing (`public`); the password of an administrator; the token of any administrator
 * (`session`); the key of a phone; a token of a realm under `keycloaks`; a right of an auth server; or a permission of
 * an administrator.
 */
export type Need = 'public' | 'password' | 'session' | 'phone' | 'keycloak' | { right: AuthServerRight } | { permission: Permission };

/** One need, all of several, or any one of several. */
export type Needs = Need | { all: readonly Need[] } | { any: readonly Need[] };

/** A pattern that says who may call it. */
export type GuardedPattern = RoutePattern & { needs: Needs };

/** A pattern with its handler. */
export type Route = RoutePattern & { handle(ctx: Context): Promise<void> | void };

/** A pattern with a handler for any mount of a dialect; `P` are the parts of a mount. */
export type Handler<P> = GuardedPattern & { handler: (parts: P, ctx: Context) => Promise<void> };

/** Binds the handlers of a dialect to the parts of one mount. */
export const tieRoutes = <P>(table: readonly Handler<P>[], parts: P): Route[] =>
  table.map(({ methods, path, handler }) => ({ methods, path, handle: (ctx) => handler(parts, ctx) }));

/** Replies of a dialect for unmatched routes and thrown errors. Each sets status and body. */
export type FallbackReplies = {
  notFound(ctx: Context): void;
  methodNotAllowed(ctx: Context): void;
  /** Replies to an error of a handler; returns true for a defect, which is then logged as one. */
  error(ctx: Context, error: unknown): boolean;
};

/**
 * The routes below one path of a listener. `finish` runs on every reply. Requests are UTF-8 unless `encoding` says
 * otherwise.
 */
export type Mount = {
  path: string;
  dialect: string;
  routes: readonly Route[];
  fallback: FallbackReplies;
  finish?: (ctx: Context) => Promise<void>;
  encoding?: Encoding;
};

/** The routes of a mount for the configuration check. */
export type MountRoutes = { mountPath: string; routes: readonly RoutePattern[] };

/** The full path of a route. */
export const fullPath = (mountPath: string, path: string): string => (mountPath === '/' ? path : `${mountPath}${path}`);

/**
 * Finds mounts with the same route; parameter names do not matter. `path` is that of the later mount, relative to its
 * listener.
 */
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
          conflicts.set(index, `mounts[${owner}] already owns ${method} ${fullPath(mountPath, path)}; give one of them another path`);
      }
    }
  });
  return [...conflicts].map(([index, message]) => ({ path: ['mounts', index, 'path'], message, level: 'error' }));
}
