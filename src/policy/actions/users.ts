import { z } from 'zod';

const yes = z.boolean();
const pinRules = ['tokenpin', 'userstore', 'none', 'any'] as const;
const pinRule = z.enum(pinRules);
const linotpNames = ['token_pin', 'password', 'only_otp', 'ignore_pin'] as const;
const linotpPinRule = z
  .union([
    z.enum(linotpNames).transform((name) => linotpNames.indexOf(name)),
    z.int().min(0).max(3),
    z.enum(['0', '1', '2', '3']).transform(Number),
  ])
  .transform((number) => pinRules[number] ?? 'tokenpin');

/**
 * Actions that depend on users: what their PIN is, who may log in without a push token, and what a reply says about
 * them.
 */
export const directoryActions = {
  otppin: {
    scopes: ['authentication'],
    value: z
      .union([pinRule, linotpPinRule])
      .describe(
        "What the PIN is: the token's own, the user's password in their source, nothing at all, or anything. LinOTP's 0 to 3 are taken, too.",
      ),
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
