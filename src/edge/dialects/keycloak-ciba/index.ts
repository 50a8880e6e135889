import { type GuardedPattern, type Handler, type Route, tieRoutes } from '../../http/index.ts';
import { authenticate } from './backchannel.ts';
import type { KeycloakParts } from './parts.ts';

export { callbackTargets } from './callback-target.ts';
export { checkKeycloak } from './check.ts';
export { callbackUrlOf, jwksUrlOf, type KeycloakConfig, keycloakConfig } from './config.ts';
export { type Keycloaks, openKeycloaks, tryKeycloaks } from './keycloaks.ts';
export type { KeycloakParts } from './parts.ts';
export { keycloakFallback } from './replies.ts';

const table: readonly Handler<KeycloakParts>[] = [{ methods: ['POST'], path: '/keycloak/ciba', needs: 'keycloak', handler: authenticate }];

/** The routes that Keycloak calls. */
export const keycloakPatterns: readonly GuardedPattern[] = table;

/** Ties these routes to their parts. */
export const keycloakRoutes = (parts: KeycloakParts): Route[] => tieRoutes(table, parts);
