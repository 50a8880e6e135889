import { type Handler, type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
import { postChallenge } from './challenge.ts';
import { forgetDevice, listDead, pollChallenges, registerDevice } from './devices.ts';
import type { ChallengeServiceParts } from './parts.ts';

export type { ChallengeServiceParts } from './parts.ts';
export { challengeServiceFallback, type WhenDown } from './replies.ts';

const table: readonly Handler<ChallengeServiceParts>[] = [
  { methods: ['POST'], path: '/v1/challenge', handler: postChallenge },
  { methods: ['GET'], path: '/v1/devices/dead', handler: listDead },
  { methods: ['PUT'], path: '/v1/devices/:gda', handler: registerDevice },
  { methods: ['DELETE'], path: '/v1/devices/:gda', handler: forgetDevice },
  { methods: ['GET'], path: '/v1/devices/:gda/challenges', handler: pollChallenges },
];

/** The routes of a challenge service, and of the devices behind it. */
export const challengeServicePatterns: readonly RoutePattern[] = table;

/** Ties these routes to their parts. */
export const challengeServiceRoutes = (parts: ChallengeServiceParts): Route[] => tieRoutes(table, parts);
