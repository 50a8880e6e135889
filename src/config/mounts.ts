import { z } from 'zod';
import { linotpPatterns } from '../edge/dialects/linotp/index.ts';
import { operatorPatterns } from '../edge/dialects/operator/index.ts';
import { privacyideaPatterns } from '../edge/dialects/privacyidea/index.ts';
import { type MountRoutes, opsPatterns, type RoutePattern } from '../edge/http/index.ts';
import { linotpPhonePatterns } from '../edge/phones/linotp/index.ts';
import { pipushPatterns } from '../edge/phones/pipush/index.ts';

/** What a mount can serve, and the routes that come with it. A dialect brings its phones along. */
export const served = {
  privacyidea: [...privacyideaPatterns, ...pipushPatterns],
  linotp: [...linotpPatterns, ...linotpPhonePatterns],
  ops: [...opsPatterns, ...operatorPatterns],
} satisfies Record<string, readonly RoutePattern[]>;

/** One mount of a listener. */
export const mountConfig = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/$|^(\/[A-Za-z0-9._-]+)+$/, 'expected "/" or a path such as /mfa, without a slash at its end')
      .describe('Path below which it is served.'),
    serves: z.enum(['privacyidea', 'linotp', 'ops']).describe('The dialect: what is served there.'),
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
      .describe('Anybody who knows a transaction id may ask for its status, as browsers behind some plug-ins do.'),
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
export const routesOf = ({ path, serves }: z.output<typeof mountConfig>): MountRoutes => ({ mountPath: path, routes: served[serves] });
