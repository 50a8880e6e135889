import { z } from 'zod';
import { expressionProblem } from '../../foundation/patterns/index.ts';
import { spanOf } from '../comparators.ts';
import { manglings } from './mangle.ts';

const text = z.string().min(1).max(512);
const html = z.string().min(1).max(2048);
const yes = z.boolean();
const types = z
  .union([z.string().min(1).max(512), z.array(z.string().min(1).max(64)).min(1)])
  .transform((given) => [given].flat().flatMap((list) => list.toLowerCase().split(/[\s,]+/)))
  .transform((list) => list.filter((name) => name !== ''))
  .refine((list) => list.length > 0, 'names no type of token');
const pattern = text.superRefine((value, context) => {
  const message = expressionProblem(value);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const span = z
  .string()
  .refine((given) => (spanOf(given) ?? 0) > 0, 'is not a span such as 12h, 30d or 1y')
  .transform((given) => spanOf(given) ?? 0);
/** A number of events per window (ms), such as `5/10m`. */
export const rate = z
  .string()
  .regex(/^\s*[1-9]\d{0,5}\s*\/\s*[1-9]\d{0,5}\s*[smhd]\s*$/, 'is not a limit such as 5/10m')
  .transform((given) => given.split('/'))
  .transform(([most, period = '']) => ({ most: Number(most), windowMs: spanOf(period) ?? 0 }));

/**
 * Actions that shape a login beyond its push: who may log in and how, what the reply contains, and enrolment during a
 * login.
 */
export const loginActions = {
  challenge_text_header: {
    scopes: ['authentication'],
    value: html.meta({
      description: 'Text before the texts of a challenge, HTML allowed. After a header that ends in <ul> or <ol> they become a list.',
      examples: ['Please choose:<ul>'],
    }),
    unset: 'no text',
  },
  challenge_text_footer: {
    scopes: ['authentication'],
    value: html.meta({ description: 'Text after the texts of a challenge. It needs a challenge_text_header.', examples: ['</ul>'] }),
    unset: 'no text',
  },
  enroll_via_multichallenge: {
    scopes: ['authentication'],
    value: z
      .string()
      .transform((type) => type.toLowerCase())
      .pipe(z.enum(['push', 'edupush'], 'only PUSH and EDUPUSH can be enrolled during a login'))
      .meta({
        description: 'A user who logs in without a push token of this type enrols one first: PUSH or, at mounts of eduMFA, EDUPUSH.',
        examples: ['PUSH'],
      }),
    unset: 'no enrolment during a login',
  },
  enroll_via_multichallenge_text: {
    scopes: ['authentication'],
    value: text.meta({ description: 'The text of the login page beside that QR code.', examples: ['Scan this code with your app'] }),
    unset: '"Please scan the QR code!"',
  },
  enroll_via_multichallenge_optional: {
    scopes: ['authentication'],
    value: yes.describe('The user may skip that enrolment.'),
    unset: 'false',
  },
  push_without_data: {
    scopes: ['authentication'],
    value: yes.describe('LinOTP: a client that sends no data and cannot poll asks the phone too. Its second call lets the user in, once.'),
    unset: 'false',
  },
  mangle: {
    scopes: ['authentication'],
    value: manglings.meta({
      description: 'Rewrites user, pass or realm before the user lookup: user/search/replace/, or a list of such.',
      examples: ['user/(.*)@example/\\1/'],
    }),
    unset: 'nothing is rewritten',
  },
  setrealm: {
    scopes: ['authorization'],
    value: z
      .string()
      .min(1)
      .max(64)
      .meta({ description: 'The realm of the user, whatever realm the login names.', examples: ['corp'] }),
    unset: 'the realm of the login',
  },
  disabled_token_types: {
    scopes: ['authentication'],
    value: types.meta({ description: 'Token types that no login may use, separated by spaces.', examples: ['edupush'] }),
    unset: 'none',
  },
  force_challenge_response: {
    scopes: ['authentication'],
    value: yes.describe('No effect: a push token always asks its phone.'),
    unset: 'no effect',
  },
  challenge_response: {
    scopes: ['authentication'],
    value: text.meta({ description: 'No effect: a push token may always ask its phone.', examples: ['push'] }),
    unset: 'no effect',
  },
  client_mode_per_user: {
    scopes: ['authentication'],
    value: yes.describe('No effect: all tokens are push tokens.'),
    unset: 'no effect',
  },
  authorized: {
    scopes: ['authorization'],
    value: z
      .enum(['grant_access', 'deny_access'])
      .describe('Whether the user may log in at all. It is checked before anything is sent or counted.'),
    unset: '"grant_access"',
  },
  application_tokentype: {
    scopes: ['authorization'],
    value: yes.describe('A client may name the token type that it wants, by the parameter "type".'),
    unset: 'false',
  },
  tokentype: {
    scopes: ['authorization'],
    value: types.meta({ description: 'Token types that a login may use, separated by commas.', examples: ['push'] }),
    unset: 'all',
  },
  serial: {
    scopes: ['authorization'],
    value: pattern.meta({ description: 'Regular expression for the serials that a login may use.', examples: ['^PIPU'] }),
    unset: 'all',
  },
  auth_max_success: {
    scopes: ['authorization'],
    value: rate.meta({
      description: 'How often a user may log in within a window (units s, m, h, d). After that no phone is asked.',
      examples: ['5/10m'],
    }),
    unset: 'no limit',
  },
  auth_max_fail: {
    scopes: ['authorization'],
    value: rate.meta({
      description: 'How often a user may fail within a window: a wrong PIN, or a wait without an accept. After that no PIN is checked.',
      examples: ['5/10m'],
    }),
    unset: 'no limit',
  },
  last_auth: {
    scopes: ['authorization'],
    value: span.meta({
      description: 'A push token without a login for this long (12h, 30d, 1y) is not asked any more.',
      examples: ['30d'],
    }),
    unset: 'no limit',
  },
  no_detail_on_success: {
    scopes: ['authorization'],
    value: yes.describe('The reply to an accepted login has no detail.'),
    unset: 'false',
  },
  no_detail_on_fail: {
    scopes: ['authorization'],
    value: yes.describe('All other replies have no detail, not even the transaction id of a challenge.'),
    unset: 'false',
  },
  hide_specific_error_message_for_ttype: {
    scopes: ['token'],
    value: yes.describe('Phones get the same message for every refusal. The HTTP status stays.'),
    unset: 'false',
  },
} as const;
