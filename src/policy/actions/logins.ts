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
    value: html.describe('Stands before the texts of a challenge, perhaps as HTML; after <ul> or <ol> they become a list.'),
  },
  challenge_text_footer: { scopes: ['authentication'], value: html.describe('Stands after them; only where there is a header.') },
  enroll_via_multichallenge: {
    scopes: ['authentication'],
    value: z
      .string()
      .transform((type) => type.toLowerCase())
      .pipe(z.enum(['push', 'edupush'], 'only PUSH and EDUPUSH can be enrolled during a login'))
      .describe('A user without a push token of this type who logs in gets one first: PUSH or, at mounts of eduMFA, EDUPUSH.'),
  },
  enroll_via_multichallenge_text: { scopes: ['authentication'], value: text.describe('What the login page says beside the QR code.') },
  enroll_via_multichallenge_optional: { scopes: ['authentication'], value: yes.describe('The user may skip that enrolment.') },
  push_without_data: {
    scopes: ['authentication'],
    value: yes.describe('LinOTP: clients that send no data and cannot poll ask the phone too, and are let in once at their second call.'),
  },
  mangle: {
    scopes: ['authentication'],
    value: manglings.describe('Changes user, pass or realm before anybody is looked up: user/(.*)@example/\\1/, or a list of such.'),
  },
  setrealm: {
    scopes: ['authorization'],
    value: z.string().min(1).max(64).describe('The realm of the user, whatever the login says.'),
  },
  disabled_token_types: {
    scopes: ['authentication'],
    value: types.describe('Types of token that no login is done with, separated by spaces.'),
  },
  force_challenge_response: { scopes: ['authentication'], value: yes.describe('Changes nothing: a push token always asks its phone.') },
  challenge_response: {
    scopes: ['authentication'],
    value: text.describe('Changes nothing: a push token needs no leave to ask its phone.'),
  },
  client_mode_per_user: { scopes: ['authentication'], value: yes.describe('Changes nothing: all tokens are push tokens.') },
  authorized: {
    scopes: ['authorization'],
    value: z
      .enum(['grant_access', 'deny_access'])
      .describe('Whether the user may log in at all; asked before anything is sent or counted.'),
  },
  application_tokentype: { scopes: ['authorization'], value: yes.describe('A client may say by "type" which type of token it wants.') },
  tokentype: { scopes: ['authorization'], value: types.describe('Types of token that a login may be done with, separated by commas.') },
  serial: { scopes: ['authorization'], value: pattern.describe('Regular expression of the serials that a login may be done with.') },
  auth_max_success: {
    scopes: ['authorization'],
    value: rate.describe('How often a user may log in: 5/10m; beyond it nothing is sent. Units s, m, h, d.'),
  },
  auth_max_fail: {
    scopes: ['authorization'],
    value: rate.describe('How often a user may fail (a wrong PIN, a wait without a yes): 5/10m; beyond it no PIN is looked at.'),
  },
  last_auth: {
    scopes: ['authorization'],
    value: span.describe('A token that nobody logged in with for so long (12h, 30d, 1y) is not asked any more.'),
  },
  no_detail_on_success: { scopes: ['authorization'], value: yes.describe('A login that is accepted tells nothing but that.') },
  no_detail_on_fail: {
    scopes: ['authorization'],
    value: yes.describe('All else tells nothing either, not even the transaction of a challenge.'),
  },
  hide_specific_error_message_for_ttype: {
    scopes: ['token'],
    value: yes.describe('Phones are told of every refusal in the same words; the HTTP status stays.'),
  },
} as const;
