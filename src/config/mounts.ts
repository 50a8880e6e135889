import { z } from 'zod';
import { challengeServicePatterns } from '../edge/dialects/challenge-service/index.ts';
import { keycloakPatterns } from '../edge/dialects/keycloak-ciba/index.ts';
import { linotpPatterns } from '../edge/dialects/linotp/index.ts';
import { operatorPatterns } from '../edge/dialects/operator/index.ts';
import { privacyideaPatterns } from '../edge/dialects/privacyidea/index.ts';
import { restPatterns } from '../edge/dialects/rest/index.ts';
import { type GuardedPattern, type MountRoutes, opsPatterns } from '../edge/http/index.ts';
import { linotpPhonePatterns } from '../edge/phones/linotp/index.ts';
import { pipushPatterns } from '../edge/phones/pipush/index.ts';

/** Every route that a mount of each kind can serve, for auth servers and for phones, with what its callers need. */
export const served = {
  privacyidea: { callers: privacyideaPatterns, phones: pipushPatterns },
  linotp: { callers: linotpPatterns, phones: linotpPhonePatterns },
  'challenge-service': { callers: challengeServicePatterns, phones: [] },
  rest: { callers: restPatterns, phones: [] },
  'keycloak-ciba': { callers: keycloakPatterns, phones: [] },
  ops: { callers: [...opsPatterns, ...operatorPatterns], phones: [] },
} satisfies Record<string, { callers: readonly GuardedPattern[]; phones: readonly GuardedPattern[] }>;

/** One mount of a listener. */
export const mountConfig = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/$|^(\/[A-Za-z0-9._-]+)+$/, 'expected "/" or a path such as /mfa, without a slash at its end')
      .meta({ description: 'Path prefix of this mount.', examples: ['/'] }),
    serves: z
      .enum(['privacyidea', 'linotp', 'challenge-service', 'rest', 'keycloak-ciba', 'ops'])
      .describe(
        'The dialect that auth servers and phones speak there. rest: the interface for applications. keycloak-ciba: what the realms under keycloaks call. ops: the interface for operators, probes and metrics.',
      ),
    flavour: z
      .enum(['privacyidea', 'edumfa'])
      .default('privacyidea')
      .describe('The server that a privacyidea mount behaves as: privacyIDEA, or eduMFA with its edupush tokens.'),
    finalizeGraceSeconds: z
      .int()
      .min(0)
      .max(3600)
      .optional()
      .meta({
        description:
          'How long an auth server has to finish a login after the phone has answered. Without it: the setting PushChallengeFinalizeGrace, or 0 for eduMFA.',
        examples: [300],
      }),
    publicPoll: z
      .boolean()
      .default(false)
      .describe(
        'Any client that knows a transaction id may ask for its status, as browsers behind some plug-ins do. A client that names many unknown ids gets 429.',
      ),
    phones: z
      .enum(['only', 'none'])
      .optional()
      .describe(
        'only: serve the routes that phones call. none: serve all other routes. Without it: both. This splits phones and auth servers over two listeners.',
      ),
    encoding: z
      .enum(['utf-8', 'latin-1'])
      .default('utf-8')
      .describe(
        'How a privacyidea or linotp mount reads a value whose bytes are not UTF-8. utf-8: it refuses the request. latin-1: it reads the value as Latin-1.',
      ),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .regex(/[^/]$/, 'leave out the slash at the end')
      .optional()
      .meta({
        description: 'How browsers reach this rest mount. The addresses of its waiting pages begin with it; without it there are none.',
        examples: ['https://mfa.example.org/rest'],
      }),
    whenDown: z
      .enum(['503', 'drop'])
      .optional()
      .describe(
        'How a challenge-service mount replies when every provider fails: with 503, which is the default, or not at all (drop). LinOTP goes on to its next URL only without a reply.',
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
  .refine(({ serves, publicUrl }) => serves === 'rest' || publicUrl === undefined, {
    path: ['publicUrl'],
    message: 'only a rest mount has waiting pages',
  })
  .refine(({ serves, flavour }) => serves === 'privacyidea' || flavour === 'privacyidea', {
    path: ['flavour'],
    message: 'only a privacyidea mount has a flavour',
  })
  .refine(({ serves, finalizeGraceSeconds }) => serves === 'privacyidea' || serves === 'rest' || finalizeGraceSeconds === undefined, {
    path: ['finalizeGraceSeconds'],
    message: 'only on privacyidea and rest mounts does anybody finish a login',
  });

/** The routes of one configured mount, to check that no two mounts share one. */
export const routesOf = ({ path, serves, phones }: z.output<typeof mountConfig>): MountRoutes => ({
  mountPath: path,
  routes: [...(phones === 'only' ? [] : served[serves].callers), ...(phones === 'none' ? [] : served[serves].phones)],
});
