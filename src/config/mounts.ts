import { z } from 'zod';
import { challengeServicePatterns } from '../edge/dialects/challenge-service/index.ts';
import { linotpPatterns } from '../edge/dialects/linotp/index.ts';
import { operatorPatterns } from '../edge/dialects/operator/index.ts';
import { privacyideaPatterns } from '../edge/dialects/privacyidea/index.ts';
import { type MountRoutes, opsPatterns, type RoutePattern } from '../edge/http/index.ts';
import { linotpPhonePatterns } from '../edge/phones/linotp/index.ts';
import { pipushPatterns } from '../edge/phones/pipush/index.ts';

/** What a mount can serve: the routes for auth servers, and those that its phones call. */
const served = {
  privacyidea: { callers: privacyideaPatterns, phones: pipushPatterns },
  linotp: { callers: linotpPatterns, phones: linotpPhonePatterns },
  'challenge-service': { callers: challengeServicePatterns, phones: [] },
  ops: { callers: [...opsPatterns, ...operatorPatterns], phones: [] },
} satisfies Record<string, { callers: readonly RoutePattern[]; phones: readonly RoutePattern[] }>;

/** One mount of a listener. */
export const mountConfig = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/$|^(\/[A-Za-z0-9._-]+)+$/, 'expected "/" or a path such as /mfa, without a slash at its end')
      .describe('Path below which it is served.'),
    serves: z.enum(['privacyidea', 'linotp', 'challenge-service', 'ops']).describe('The dialect: what is served there.'),
    flavour: z
      .enum(['privacyidea', 'edumfa'])
      .default('privacyidea')
      .describe('Whose texts and rules a privacyidea mount follows: those of privacyIDEA, or of eduMFA with its edupush tokens.'),
    finalizeGraceSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .describe('Seconds an auth server has to finish after an answer; without it PushChallengeFinalizeGrace, and none for eduMFA.'),
    publicPoll: z
      .boolean()
      .default(false)
      .describe(
        'Anybody who knows a transaction id may ask for its status, as browsers behind some plug-ins do. Strangers who name many unknown ids get 429.',
      ),
    phones: z
      .enum(['only', 'none'])
      .optional()
      .describe('"only": no route but those that phones call; "none": all but those. Splits them over listeners. Absent: both.'),
    encoding: z
      .enum(['utf-8', 'latin-1'])
      .default('utf-8')
      .describe(
        'privacyidea, linotp: what is done with a value whose bytes are not UTF-8. "utf-8": the request is refused; "latin-1": the value is read as Latin-1.',
      ),
    whenDown: z
      .enum(['503', 'drop'])
      .optional()
      .describe(
        'challenge-service: what is done with a push that every provider fails to take. 503 (default), or drop: LinOTP goes on to its next URL only without a reply.',
      ),
  })
  .refine(({ serves, phones }) => served[serves].phones.length > 0 || phones === undefined, {
    path: ['phones'],
    message: 'no phone calls a mount of this kind; leave it out',
  })
  .refine(({ phones, publicPoll }) => phones !== 'only' || !publicPoll, {
    path: ['publicPoll'],
    message: 'a mount for phones only has no poll to make public',
  })
  .refine(({ serves, whenDown }) => serves === 'challenge-service' || whenDown === undefined, {
    path: ['whenDown'],
    message: 'only a challenge-service mount has pushes that nobody takes',
  })
  .refine(({ serves, encoding }) => serves === 'privacyidea' || serves === 'linotp' || encoding === 'utf-8', {
    path: ['encoding'],
    message: 'only what privacyidea and linotp mounts are sent is ever Latin-1',
  })
  .refine(({ serves, publicPoll }) => serves === 'privacyidea' || !publicPoll, {
    path: ['publicPoll'],
    message: 'only a privacyidea mount has a poll to make public',
  })
  .refine(({ serves, flavour }) => serves === 'privacyidea' || flavour === 'privacyidea', {
    path: ['flavour'],
    message: 'only a privacyidea mount has a flavour',
  })
  .refine(({ serves, finalizeGraceSeconds }) => serves === 'privacyidea' || finalizeGraceSeconds === undefined, {
    path: ['finalizeGraceSeconds'],
    message: 'only on a privacyidea mount does anybody finish a login',
  });

/** The routes of one configured mount, for the check that no two mounts own the same one. */
export const routesOf = ({ path, serves, phones }: z.output<typeof mountConfig>): MountRoutes => ({
  mountPath: path,
  routes: [...(phones === 'only' ? [] : served[serves].callers), ...(phones === 'none' ? [] : served[serves].phones)],
});
