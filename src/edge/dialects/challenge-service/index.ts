import { type GuardedPattern, type Handler, type Route, tieRoutes } from '../../http/index.ts';
import { postChallenge } from './challenge.ts';
import { forgetDevice, listDead, pollChallenges, registerDevice } from './devices.ts';
import type { ChallengeServiceParts } from './parts.ts';

export type { ChallengeServiceParts } from './parts.ts';
export { challengeServiceFallback, type WhenDown } from './replies.ts';

const owner = { any: [{ right: 'trigger' }, { permission: 'operate' }, 'phone'] } as const;

const table: readonly Handler<ChallengeServiceParts>[] = [
  { methods: ['POST'], path: '/v1/challenge', needs: { right: 'trigger' }, handler: postChallenge },
  { methods: ['GET'], path: '/v1/devices/dead', needs: { right: 'trigger' }, handler: listDead },
  { methods: ['PUT'], path: '/v1/devices/:gda', needs: owner, handler: registerDevice },
  { methods: ['DELETE'], path: '/v1/devices/:gda', needs: owner, handler: forgetDevice },
  { methods: ['GET'], path: '/v1/devices/:gda/challenges', needs: 'phone', handler: pollChallenges },
];

/** The routes of a challenge service, and of the devices behind it. */
export const challengeServicePatterns: readonly GuardedPattern[] = table;

/** Ties these routes to their parts. */
export const challengeServiceRoutes = (parts: ChallengeServiceParts): Route[] => tieRoutes(table, parts);
