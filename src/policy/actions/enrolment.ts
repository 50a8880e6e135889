import { z } from 'zod';
import { notNormal } from './normal-url.ts';

const text = z.string().min(1).max(512);
const yes = z.boolean();
const limit = z.int().min(0).max(10_000);
const url = z
  .string()
  .meta({ format: 'uri' })
  .superRefine((value, context) => {
    const why = notNormal(value);
    if (why !== undefined) context.addIssue({ code: 'custom', message: why });
  });
/** The longest URL that fits into a LinOTP challenge. */
const callback = z.url({ protocol: /^https?$/ }).refine((value) => Buffer.byteLength(value) <= 511, 'more than 511 bytes');
const zeroOne = z.union([yes, z.enum(['0', '1']).transform((digit) => digit === '1')]);

/** Actions that shape push tokens and their enrolment. */
export const enrolmentActions = {
  push_firebase_configuration: {
    scopes: ['enrollment'],
    value: text.meta({ description: 'The provider that a new push token records, or "poll only".', examples: ['poll only'] }),
    unset: 'enrolment is refused',
  },
  push_registration_url: {
    scopes: ['enrollment'],
    value: url.meta({
      description: 'The URL where phones finish their rollout and send their answers, in normal form.',
      examples: ['https://mfa.example.com/ttype/push'],
    }),
    unset: 'enrolment is refused',
  },
  push_ttl: {
    scopes: ['enrollment'],
    value: z
      .int()
      .min(1)
      .max(1440)
      .meta({ description: 'How long a phone has to finish its rollout.', unit: 'minutes', examples: [5] }),
    unset: '10',
  },
  push_ssl_verify: {
    scopes: ['enrollment', 'authentication'],
    value: zeroOne.meta({ description: 'Whether the phone checks the certificate of the registration URL.', examples: [true] }),
    unset: 'true',
  },
  push_use_pia_scheme: {
    scopes: ['enrollment'],
    value: yes.describe('The QR code begins with pia:// instead of otpauth://.'),
    unset: 'false',
  },
  push_force_app_pin: { scopes: ['enrollment'], value: yes.describe('The app asks for its PIN before it answers.'), unset: 'false' },
  push_app_force_unlock: {
    scopes: ['enrollment'],
    value: z.enum(['any', 'biometric', 'pin']).describe('How the user must unlock the app before it answers.'),
    unset: 'the app decides',
  },
  tokenlabel: {
    scopes: ['enrollment'],
    value: text.meta({
      description: 'Name of the push token in the app. Tags: <s>, <u>, <r>, {serial}, {user}, {realm}, {givenname}, {surname}.',
      examples: ['<u>@<r>'],
    }),
    unset: '"<s>", the serial',
  },
  tokenissuer: {
    scopes: ['enrollment'],
    value: text.meta({
      description: 'Issuer of the push token in the app. Tags: {serial}, {user}, {realm}, {givenname}, {surname}.',
      examples: ['ACME'],
    }),
    unset: 'the name of the product that the mount behaves as',
  },
  appimageurl: {
    scopes: ['enrollment'],
    value: z.url().meta({ description: 'URL of the picture that the app shows.', examples: ['https://mfa.example.com/logo.png'] }),
    unset: 'no picture',
  },
  pushtoken_pairing_callback_url: {
    scopes: ['authentication'],
    value: callback.meta({
      description: 'LinOTP: the URL where phones send their pairing response. At most 511 bytes.',
      examples: ['https://mfa.example.com/linotp/validate/pair'],
    }),
    unset: 'enrolment is refused',
  },
  pushtoken_challenge_callback_url: {
    scopes: ['authentication'],
    value: callback.meta({
      description: 'LinOTP: the URL where phones send their answers. At most 511 bytes.',
      examples: ['https://mfa.example.com/linotp/validate/accept_transaction'],
    }),
    unset: 'the pairing URL of the push token, ending in /validate/accept_transaction',
  },
  max_token_per_user: {
    scopes: ['enrollment'],
    value: limit.meta({ description: 'How many tokens one user may have.', examples: [3] }),
    unset: 'no limit',
  },
  push_max_token_per_user: {
    scopes: ['enrollment'],
    value: limit.meta({ description: 'How many push tokens one user may have.', examples: [2] }),
    unset: 'no limit',
  },
  push_max_active_token_per_user: {
    scopes: ['enrollment'],
    value: limit.meta({ description: 'How many enabled push tokens one user may have.', examples: [1] }),
    unset: 'no limit',
  },
} as const;
