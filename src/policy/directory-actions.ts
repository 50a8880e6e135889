import { z } from 'zod';

const yes = z.boolean();

/** Actions that need to know users: what their PIN is, who is let in without a push token, and what a reply tells of them. */
export const directoryActions = {
  otppin: {
    scopes: ['authentication'],
    value: z
      .enum(['tokenpin', 'userstore', 'none'])
      .describe("What the PIN is: the token's own, the user's password in their source, or nothing at all."),
  },
  passthru: {
    scopes: ['authentication'],
    value: z
      .string()
      .min(1)
      .max(64)
      .describe('Who checks the password of a user without any token: "userstore", or a RADIUS service of radiusServers.'),
  },
  passOnNoToken: { scopes: ['authentication'], value: yes.describe('A user without any token is let in, whatever the password.') },
  passOnNoUser: {
    scopes: ['authentication'],
    value: yes.describe('Who is in no source of the realm is let in, whatever the password.'),
  },
  add_user_in_response: {
    scopes: ['authorization'],
    value: yes.describe('A login that is accepted tells what the source knows of the user.'),
  },
  add_resolver_in_response: {
    scopes: ['authorization'],
    value: yes.describe('A login that is accepted tells realm and source of the user.'),
  },
} as const;
