import { type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
import { challengeEndpoints } from './challenges.ts';
import { deliveryEndpoints } from './deliveries.ts';
import type { Endpoint } from './endpoint.ts';
import type { RestParts } from './parts.ts';

export type { RestParts } from './parts.ts';
export { restFallback } from './problems.ts';

/** All endpoints of this dialect. */
export const restEndpoints: readonly Endpoint[] = [...challengeEndpoints, ...deliveryEndpoints];

const table = restEndpoints.map(({ route }) => route);

/** The routes of a rest mount. */
export const restPatterns: readonly RoutePattern[] = table;

/** Binds the routes to the parts of a mount. */
export const restRoutes = (parts: RestParts): Route[] => tieRoutes(table, parts);
