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

/** Actions that depend on users: their PIN, logins without a push token, and the user data in replies. */
export const directoryActions = {
  otppin: {
    scopes: ['authentication'],
    value: z.union([pinRule, linotpPinRule]).meta({
      description:
        "What counts as the PIN: the token's own (tokenpin), the user's password in their source (userstore), an empty PIN (none), or any PIN (any). LinOTP's names and numbers 0 to 3 work too.",
      examples: ['userstore'],
    }),
    unset: '"tokenpin"',
  },
  passthru: {
    scopes: ['authentication'],
    value: z
      .string()
      .min(1)
      .max(64)
      .meta({
        description: 'Where the password of a user without any token is checked: "userstore", or the name of a RADIUS service.',
        examples: ['userstore'],
      }),
    unset: 'a user without any token is refused',
  },
  passOnNoToken: {
    scopes: ['authentication'],
    value: yes.describe('A user without any token is let in, whatever the password.'),
    unset: 'false',
  },
  passOnNoUser: {
    scopes: ['authentication'],
    value: yes.describe('A user unknown to every source of the realm is let in, whatever the password.'),
    unset: 'false',
  },
  add_user_in_response: {
    scopes: ['authorization'],
    value: yes.describe("The reply to an accepted login contains the user's data from the source."),
    unset: 'false',
  },
  add_resolver_in_response: {
    scopes: ['authorization'],
    value: yes.describe('The reply to an accepted login holds the realm and the source of the user.'),
    unset: 'false',
  },
} as const;
