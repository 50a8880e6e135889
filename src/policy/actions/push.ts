import { z } from 'zod';

const text = z.string().min(1).max(512);
const yes = z.boolean();
const names = z.union([text.transform((name) => [name]), z.array(text).min(1)]);
const modes = text.transform((list) => list.split(/\s+/)).pipe(z.array(z.enum(['interactive', 'webauthn', 'poll', 'u2f'])));
const customOptions = z
  .string()
  .transform((list) => list.split(':'))
  .pipe(
    z
      .array(
        z
          .string()
          .min(1, 'an option is empty')
          .max(32)
          .regex(/^[^,|]*$/, 'an option must not hold a comma or |'),
      )
      .min(2),
  )
  .refine((options) => new Set(options).size === options.length, 'an option is there twice');

/** Actions for pushes: their delivery, and the texts on phones and login pages. */
export const pushActions = {
  push_text_on_mobile: {
    scopes: ['authentication'],
    value: text.meta({
      description: 'The question on the phone. It may hold tags, such as {user} or {client_ip}.',
      examples: ['Do you want to log in to the VPN, {user}?'],
    }),
    unset: 'the usual question of the server that the mount behaves as',
  },
  push_title_on_mobile: {
    scopes: ['authentication'],
    value: z
      .string()
      .min(1)
      .max(128)
      .meta({ description: 'The title on the phone.', examples: ['ACME VPN'] }),
    unset: 'the name of the product that the mount behaves as',
  },
  push_allow_polling: {
    scopes: ['authentication'],
    value: z
      .enum(['allow', 'deny', 'token'])
      .describe('Whether phones may poll for challenges: all of them, none, or those whose token info polling_allowed is not False.'),
    unset: '"allow"',
  },
  push_capabilities_signature: {
    scopes: ['authentication'],
    value: z
      .enum(['always', 'when-known'])
      .describe('privacyIDEA: which phones get the second signature, which covers decline reasons: all, or those that may use it.'),
    unset: '"when-known"',
  },
  push_provider: {
    scopes: ['authentication'],
    value: names.meta({ description: 'One provider, or several in the order in which they are tried.', examples: [['cs', 'fcm']] }),
    unset: 'the provider that the push token recorded, else the default provider',
  },
  push_deadline_ms: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(50)
      .max(30_000)
      .meta({ description: 'The longest time that a login waits for delivery.', examples: [2000] }),
    unset: 'the setting deliveryDeadlineMs',
  },
  push_hedge_ms: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(50)
      .max(30_000)
      .meta({ description: 'After this time without a reply the next provider is tried beside the slow one.', examples: [500] }),
    unset: 'one provider at a time',
  },
  push_time_sensitive: {
    scopes: ['authentication'],
    value: yes.describe(
      'iPhones show the push at once, even during a Focus (interruption-level: time-sensitive). The app needs that entitlement.',
    ),
    unset: 'false',
  },
  push_validity_seconds: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(10)
      .max(600)
      .meta({ description: 'How long the phone may answer.', examples: [120] }),
    unset: 'the setting PushChallengeValidityTime, or EdupushChallengeValidityTime for edupush tokens',
  },
  push_decline_settles: {
    scopes: ['authentication'],
    value: yes.describe('One decline ends the login, even when other phones of the user were asked.'),
    unset: 'true',
  },
  push_wait: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(1)
      .max(600)
      .meta({
        description: 'How long /validate/check itself waits for the answer. The phone is then asked for a plain yes or no.',
        unit: 'seconds',
        examples: [30],
      }),
    unset: '/validate/check replies at once with a transaction',
  },
  push_require_presence: {
    scopes: ['authentication'],
    value: yes.describe('The user picks the option on the phone that the login page shows. It overrides push_code_to_phone.'),
    unset: 'false',
  },
  push_presence_options: {
    scopes: ['authentication'],
    value: z
      .enum(['ALPHABETIC', 'NUMERIC', 'CUSTOM'])
      .describe('The options on the phone: A to Z, 00 to 99, or those of push_presence_custom_options.'),
    unset: '"ALPHABETIC"',
  },
  push_presence_custom_options: {
    scopes: ['authentication'],
    value: customOptions.meta({ description: 'Options of your own, separated by colons.', examples: ['red:green:blue'] }),
    unset: 'A to Z',
  },
  push_presence_num_options: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(2)
      .max(10)
      .meta({ description: 'How many options the phone shows. privacyIDEA shows 3.', examples: [10] }),
    unset: '10',
  },
  push_code_to_phone: {
    scopes: ['authentication'],
    value: yes.describe('The phone shows a code, and the user types it at the login page.'),
    unset: 'false',
  },
  push_code_to_phone_message: {
    scopes: ['authentication'],
    value: text.meta({ description: 'The text that the phone shows beside the code.', examples: ['Type this code to log in'] }),
    unset: '"Enter the code to log in"',
  },
  push_code_to_phone_digits: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(2)
      .max(8)
      .meta({ description: 'How many digits that code has. privacyIDEA has 2.', examples: [6] }),
    unset: '6',
  },
  push_mode_fallback: {
    scopes: ['authentication'],
    value: z
      .enum(['confirm', 'refuse'])
      .describe('What a phone gets that cannot show options or a code: a plain yes or no (confirm), or no challenge (refuse).'),
    unset: '"refuse"',
  },
  push_challenge_text: {
    scopes: ['authentication'],
    value: text.meta({
      description: 'The text of the login page while the phone is asked. It may hold tags, such as {user}.',
      examples: ['Please confirm on your phone, {user}'],
    }),
    unset: 'challenge_text, else the usual text of the server that the mount behaves as',
  },
  challenge_text: {
    scopes: ['authentication'],
    value: text.meta({
      description: 'The same text for all types of token. push_challenge_text overrides it.',
      examples: ['Please confirm on your phone'],
    }),
    unset: 'the usual text of the server that the mount behaves as',
  },
  increase_failcounter_on_challenge: {
    scopes: ['authentication'],
    value: yes.describe('Each challenge raises the fail count of its push token; a login that succeeds clears it.'),
    unset: 'false',
  },
  reset_all_user_tokens: {
    scopes: ['authentication'],
    value: yes.describe('A login that succeeds clears the fail counts of all tokens of the user.'),
    unset: 'false',
  },
  preferred_client_mode: {
    scopes: ['authentication'],
    value: modes.meta({
      description: 'Client modes in the order of preference, separated by spaces: interactive, webauthn, poll, u2f.',
      examples: ['poll interactive'],
    }),
    unset: 'interactive, webauthn, poll; eduMFA adds u2f',
  },
} as const;
