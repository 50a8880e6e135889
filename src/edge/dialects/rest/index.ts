import { z } from 'zod';
import { type GuardedPattern, type Route, tieRoutes } from '../../http/index.ts';
import { challengeEndpoints } from './challenges.ts';
import { deliveryEndpoints } from './deliveries.ts';
import { type Described, type Endpoint, openEndpoint } from './endpoint.ts';
import { managementEndpoints } from './management/index.ts';
import { type OpenApi, openApiOf } from './openapi.ts';
import type { RestParts } from './parts.ts';
import { streamEndpoints } from './streams.ts';
import { pageRoutes } from './waiting-page/routes.ts';

export { type OpenApi, type Operation, openApiOf } from './openapi.ts';
export type { RestParts } from './parts.ts';
export { restFallback } from './problems.ts';

/** The documents of mounts by their paths, each made once. */
const documents = new Map<string, OpenApi>();

const openApi = openEndpoint(
  {
    method: 'GET',
    path: '/v1/openapi.json',
    right: 'nobody',
    id: 'getOpenApi',
    summary: 'This document',
    replies: { 200: { description: 'The interface as OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
  },
  async ({ path }) => {
    const body = documents.get(path) ?? openApiOf(restDescriptions(), path);
    documents.set(path, body);
    return { status: 200, body };
  },
);

/** All endpoints of this dialect. */
export const restEndpoints: readonly Endpoint[] = [
  ...challengeEndpoints,
  ...streamEndpoints,
  ...deliveryEndpoints,
  ...managementEndpoints,
  openApi,
];

/** Their descriptions. */
export const restDescriptions = (): Described[] => restEndpoints.map(({ described }) => described);

const table = [...restEndpoints.map(({ route }) => route), ...pageRoutes];

/** The routes of a rest mount. */
export const restPatterns: readonly GuardedPattern[] = table;

/** Binds the routes to the parts of a mount. */
export const restRoutes = (parts: RestParts): Route[] => tieRoutes(table, parts);
