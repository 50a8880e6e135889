import { type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
import { challengeEndpoints } from './challenges.ts';
import type { Endpoint } from './endpoint.ts';
import type { RestParts } from './parts.ts';
import { streamEndpoints } from './streams.ts';
import { pageRoutes } from './waiting-page/routes.ts';

export type { RestParts } from './parts.ts';
export { restFallback } from './problems.ts';

/** All endpoints of this dialect. */
export const restEndpoints: readonly Endpoint[] = [...challengeEndpoints, ...streamEndpoints];

const table = [...restEndpoints.map(({ route }) => route), ...pageRoutes];

/** The routes of a rest mount. */
export const restPatterns: readonly RoutePattern[] = table;

/** Binds the routes to the parts of a mount. */
export const restRoutes = (parts: RestParts): Route[] => tieRoutes(table, parts);
