import { z } from 'zod';
import { rate } from './logins.ts';
import { notNormal } from './normal-url.ts';

const text = z.string().min(1).max(512);
const yes = z.boolean();
const limit = z.int().min(0).max(10_000);
const names = z.union([text.transform((name) => [name]), z.array(text).min(1)]);
const modes = text.transform((list) => list.split(/\s+/)).pipe(z.array(z.enum(['interactive', 'webauthn', 'poll', 'u2f'])));
const url = z.string().superRefine((value, context) => {
  const why = notNormal(value);
  if (why !== undefined) context.addIssue({ code: 'custom', message: why });
});
/** No more fits into a challenge of LinOTP. */
const callback = z.url({ protocol: /^https?$/ }).refine((value) => Buffer.byteLength(value) <= 511, 'more than 511 bytes');
const zeroOne = z.union([yes, z.enum(['0', '1']).transform((digit) => digit === '1')]);
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

/** Actions that shape push tokens, their enrolment and their pushes. */
export const pushActions = {
  push_firebase_configuration: { scopes: ['enrollment'], value: text.describe('Provider recorded with a new token, or "poll only".') },
  push_registration_url: { scopes: ['enrollment'], value: url.describe('Where phones answer, in normal form.') },
  push_ttl: { scopes: ['enrollment'], value: z.int().min(1).max(1440).describe('Minutes that a phone has to finish its rollout.') },
  push_ssl_verify: { scopes: ['enrollment', 'authentication'], value: zeroOne.describe('The phone checks the certificate of the URL.') },
  push_use_pia_scheme: { scopes: ['enrollment'], value: yes.describe('The QR code begins with pia:// instead of otpauth://.') },
  push_force_app_pin: { scopes: ['enrollment'], value: yes.describe('The app asks for its PIN.') },
  push_app_force_unlock: { scopes: ['enrollment'], value: z.enum(['any', 'biometric', 'pin']).describe('How the app must be unlocked.') },
  tokenlabel: { scopes: ['enrollment'], value: text.describe('Name of the token in the app; tags <s> <u> <r> {serial} {user} {realm}.') },
  tokenissuer: { scopes: ['enrollment'], value: text.describe('Issuer in the app; tags {serial} {user} {realm}.') },
  appimageurl: { scopes: ['enrollment'], value: z.url().describe('Picture that the app shows.') },
  pushtoken_pairing_callback_url: {
    scopes: ['authentication'],
    value: callback.describe('LinOTP: where phones send their pairing response.'),
  },
  pushtoken_challenge_callback_url: { scopes: ['authentication'], value: callback.describe('LinOTP: where phones send their answers.') },
  max_token_per_user: { scopes: ['enrollment'], value: limit.describe('How many tokens a user may have.') },
  push_max_token_per_user: { scopes: ['enrollment'], value: limit.describe('How many push tokens a user may have.') },
  push_max_active_token_per_user: {
    scopes: ['enrollment'],
    value: limit.describe('How many of them may be enabled when one more is made.'),
  },
  push_text_on_mobile: { scopes: ['authentication'], value: text.describe('The question on the phone.') },
  push_title_on_mobile: { scopes: ['authentication'], value: z.string().min(1).max(128).describe('The title on the phone.') },
  push_allow_polling: {
    scopes: ['authentication'],
    value: z.enum(['allow', 'deny', 'token']).describe('Whether phones may ask what is waiting.'),
  },
  push_capabilities_signature: {
    scopes: ['authentication'],
    value: z
      .enum(['always', 'when-known'])
      .describe('privacyIDEA: which phones get the second signature, for decline reasons: all, or those that may use it (without it).'),
  },
  push_provider: { scopes: ['authentication'], value: names.describe('Provider, or several in the order they are tried.') },
  push_client_attributes: {
    scopes: ['authentication'],
    value: names.describe('Parameters or RADIUS attributes that tell whose device logs in, such as Calling-Station-Id; else its address.'),
  },
  push_open_challenges: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(50)
      .describe('How many logins may wait for one phone; one more displaces another. 5 without it, 0: any number.'),
  },
  push_open_rang_seconds: {
    scopes: ['authentication'],
    value: z.int().min(0).max(600).describe('How long one that rang is not displaced; 30 without it.'),
  },
  push_prompts_without_accept: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(20)
      .describe('How often a phone rings without a yes before it only shows logins when asked. 3 without it, 0: ever.'),
  },
  push_prompts_window_seconds: {
    scopes: ['authentication'],
    value: z.int().min(10).max(86_400).describe('Within which time that is; 600 without it.'),
  },
  push_pull_only_seconds: {
    scopes: ['authentication'],
    value: z.int().min(0).max(86_400).describe('How long nothing rings then; a yes ends it. 1200 without it.'),
  },
  push_prompts_known_client: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(20)
      .describe('How often more a phone that cannot ask rings then for a known client, in that time; 3 without it.'),
  },
  push_prompts_rare_seconds: {
    scopes: ['authentication'],
    value: z.int().min(0).max(86_400).describe('How often it rings then otherwise: once in so many seconds; 300 without it, 0: always.'),
  },
  push_repeat_window: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(120)
      .describe('How many seconds the same request joins the login that it began, and does not ring again; 0 without it: never.'),
  },
  push_not_me_disables: {
    scopes: ['authentication'],
    value: yes.describe("A login that its user reports as somebody else's disables the push token."),
  },
  push_bare_decline_is_fraud: {
    scopes: ['authentication'],
    value: yes.describe('A decline without a reason is such a report too.'),
  },
  push_relays_per_device: {
    scopes: ['authentication'],
    value: rate.describe("How many challenges an auth server's own phone is sent: 5/10m; beyond it they are refused."),
  },
  push_deadline_ms: {
    scopes: ['authentication'],
    value: z.int().min(50).max(30_000).describe('Longest time that a login waits for delivery.'),
  },
  push_hedge_ms: {
    scopes: ['authentication'],
    value: z.int().min(50).max(30_000).describe('A provider that takes longer gets the next one for company; without it, one at a time.'),
  },
  push_time_sensitive: {
    scopes: ['authentication'],
    value: yes.describe(
      'iPhones show the push at once, in a Focus too (interruption-level: time-sensitive); the app needs that entitlement.',
    ),
  },
  push_validity_seconds: { scopes: ['authentication'], value: z.int().min(10).max(600).describe('How long the phone may answer.') },
  push_decline_settles: {
    scopes: ['authentication'],
    value: yes.describe('One decline ends the login, whatever the other phones of the user say.'),
  },
  push_wait: {
    scopes: ['authentication'],
    value: z.int().min(1).max(600).describe('Seconds that /validate/check itself waits for the answer; a plain yes or no then.'),
  },
  push_require_presence: {
    scopes: ['authentication'],
    value: yes.describe('The user picks the shown option on the phone; beats push_code_to_phone.'),
  },
  push_presence_options: {
    scopes: ['authentication'],
    value: z.enum(['ALPHABETIC', 'NUMERIC', 'CUSTOM']).describe('What options are: A to Z, 00 to 99, or your own.'),
  },
  push_presence_custom_options: { scopes: ['authentication'], value: customOptions.describe('Your own options, separated by colons.') },
  push_presence_num_options: {
    scopes: ['authentication'],
    value: z.int().min(2).max(10).describe('How many options the phone shows; 10 without it, privacyIDEA has 3.'),
  },
  push_code_to_phone: { scopes: ['authentication'], value: yes.describe('The phone shows a code, which the user types at the login.') },
  push_code_to_phone_message: { scopes: ['authentication'], value: text.describe('What the phone says beside the code.') },
  push_code_to_phone_digits: {
    scopes: ['authentication'],
    value: z.int().min(2).max(8).describe('How long that code is; 6 without it, privacyIDEA has 2.'),
  },
  push_mode_fallback: {
    scopes: ['authentication'],
    value: z
      .enum(['confirm', 'refuse'])
      .describe('What becomes of a phone that cannot do what is asked: a plain yes or no, or it is left out.'),
  },
  push_challenge_text: { scopes: ['authentication'], value: text.describe('What the login page says meanwhile.') },
  challenge_text: { scopes: ['authentication'], value: text.describe('The same for all types of token; push_challenge_text beats it.') },
  increase_failcounter_on_challenge: {
    scopes: ['authentication'],
    value: yes.describe('A challenge counts as a failure until the login succeeds.'),
  },
  reset_all_user_tokens: { scopes: ['authentication'], value: yes.describe('A login clears the failures of all tokens of the user.') },
  preferred_client_mode: {
    scopes: ['authentication'],
    value: modes.describe('Client modes in the order of preference, separated by spaces.'),
  },
} as const;

/** eduMFA's: `edupush_x` counts for edupush tokens and beats `push_x`, see edupush.ts. */
export const edupushActions = {
  edupush_firebase_configuration: pushActions.push_firebase_configuration,
  edupush_registration_url: pushActions.push_registration_url,
  edupush_ttl: pushActions.push_ttl,
  edupush_ssl_verify: pushActions.push_ssl_verify,
  edupush_force_app_pin: pushActions.push_force_app_pin,
  edupush_text_on_mobile: {
    scopes: pushActions.push_text_on_mobile.scopes,
    value: pushActions.push_text_on_mobile.value.describe('The question on the phone, without tags.'),
  },
  edupush_title_on_mobile: pushActions.push_title_on_mobile,
  edupush_allow_polling: pushActions.push_allow_polling,
  edupush_wait: {
    scopes: pushActions.push_wait.scopes,
    value: pushActions.push_wait.value.describe('Seconds that /validate/check itself waits for the answer.'),
  },
  edupush_shown_as: {
    scopes: ['authentication'],
    value: z.enum(['edupush', 'push']).describe('The type that clients are told; some look for push and know no other.'),
  },
} as const;
