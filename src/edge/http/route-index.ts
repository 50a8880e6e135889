import type { Method } from './route.ts';

/**
 * An index of routes by path. A `path` may contain `:name` for a segment, and matches with and without a trailing
 * slash.
 */
export type RouteIndex<R> = {
  /** The first added route for this method and path, with its decoded parameters; undefined when there is none. */
  find(method: string, path: string): { route: R; params: Record<string, string> } | undefined;
  /** The methods of all routes at this path. */
  methodsOf(path: string): string[];
  /** The first added route at this path, whatever its method. */
  routeAt(path: string): R | undefined;
};

type Entry<R> = { order: number; route: R; methods: readonly string[]; segments: readonly string[] };
type Indexable = { methods: readonly Method[]; path: string };

/** Opens an index. GET routes also take HEAD. Escapes in a path to find must be UTF-8. */
export function openRouteIndex<R extends Indexable>(routes: readonly R[]): RouteIndex<R> {
  const entries = routes.map(entryOf);
  const named = entries.filter(isNamed);
  const plain = Map.groupBy(
    entries.filter((entry) => !isNamed(entry)),
    ({ route }) => withoutSlash(route.path),
  );
  return {
    find(method, path) {
      const exact = plain.get(withoutSlash(path))?.find(({ methods }) => methods.includes(method));
      const segments = segmentsOf(path);
      const isBefore = ({ order }: Entry<R>): boolean => !exact || order < exact.order;
      const found = named.find((entry) => isBefore(entry) && entry.methods.includes(method) && fits(entry, segments)) ?? exact;
      return found && { route: found.route, params: paramsOf(found, segments) };
    },
    methodsOf(path) {
      const segments = segmentsOf(path);
      return [...new Set(entries.filter((entry) => fits(entry, segments)).flatMap(({ methods }) => methods))];
    },
    routeAt(path) {
      const segments = segmentsOf(path);
      return entries.find((entry) => fits(entry, segments))?.route;
    },
  };
}

const withoutSlash = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
const segmentsOf = (path: string): string[] => withoutSlash(path).split('/');
const isName = (segment: string): boolean => segment.startsWith(':');
const isNamed = ({ segments }: Entry<unknown>): boolean => segments.some(isName);

function entryOf<R extends Indexable>(route: R, order: number): Entry<R> {
  const methods = [...route.methods, ...(route.methods.includes('GET') ? ['HEAD'] : [])];
  return { order, route, methods, segments: segmentsOf(route.path) };
}

/** A parameter matches any text but an empty one. */
const fits = ({ segments }: Entry<unknown>, asked: readonly string[]): boolean =>
  segments.length === asked.length && segments.every((segment, at) => (isName(segment) ? asked[at] !== '' : segment === asked[at]));

function paramsOf({ segments }: Entry<unknown>, asked: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) if (isName(segment)) params[segment.slice(1)] = decodeURIComponent(asked[at] ?? '');
  return params;
}
