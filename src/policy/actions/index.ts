import { z } from 'zod';
import { loginActions } from './logins.ts';
import { notNormal } from './normal-url.ts';
import { directoryActions } from './users.ts';

/** Where an action means something. */
export type Scope = 'enrollment' | 'authentication' | 'authorization' | 'token' | 'admin';

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
const permission = yes.describe('Administrators may do it. Where rules of this scope exist, only what one of them allows.');

/** Every action that a rule may set: the scopes that know it, and the type of its value. Adopted names keep their server's units. */
export const actions = {
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
  push_provider: { scopes: ['authentication'], value: names.describe('Provider, or several in the order they are tried.') },
  push_deadline_ms: {
    scopes: ['authentication'],
    value: z.int().min(50).max(30_000).describe('Longest time that a login waits for delivery.'),
  },
  push_hedge_ms: {
    scopes: ['authentication'],
    value: z.int().min(50).max(30_000).describe('A provider that takes longer gets the next one for company; without it, one at a time.'),
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
  push_presence_num_options: { scopes: ['authentication'], value: z.int().min(2).max(10).describe('How many options the phone shows.') },
  push_code_to_phone: { scopes: ['authentication'], value: yes.describe('The phone shows a code, which the user types at the login.') },
  push_code_to_phone_message: { scopes: ['authentication'], value: text.describe('What the phone says beside the code.') },
  push_code_to_phone_digits: {
    scopes: ['authentication'],
    value: z.int().min(2).max(8).describe('How long that code is; privacyIDEA has 2.'),
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
  ...directoryActions,
  ...loginActions,
  // eduMFA: `edupush_x` counts for edupush tokens and beats `push_x`, see edupush.ts.
  edupush_firebase_configuration: { scopes: ['enrollment'], value: text.describe('Provider recorded with a new token, or "poll only".') },
  edupush_registration_url: { scopes: ['enrollment'], value: url.describe('Where phones answer, in normal form.') },
  edupush_ttl: { scopes: ['enrollment'], value: z.int().min(1).max(1440).describe('Minutes that a phone has to finish its rollout.') },
  edupush_ssl_verify: { scopes: ['enrollment', 'authentication'], value: zeroOne.describe('The phone checks the certificate of the URL.') },
  edupush_force_app_pin: { scopes: ['enrollment'], value: yes.describe('The app asks for its PIN.') },
  edupush_text_on_mobile: { scopes: ['authentication'], value: text.describe('The question on the phone, without tags.') },
  edupush_title_on_mobile: { scopes: ['authentication'], value: z.string().min(1).max(128).describe('The title on the phone.') },
  edupush_allow_polling: {
    scopes: ['authentication'],
    value: z.enum(['allow', 'deny', 'token']).describe('Whether phones may ask what is waiting.'),
  },
  edupush_wait: {
    scopes: ['authentication'],
    value: z.int().min(1).max(600).describe('Seconds that /validate/check itself waits for the answer.'),
  },
  edupush_shown_as: {
    scopes: ['authentication'],
    value: z.enum(['edupush', 'push']).describe('The type that clients are told; some look for push and know no other.'),
  },
  enrollEDUPUSH: { scopes: ['admin'], value: permission },
  api_key_required: {
    scopes: ['authorization'],
    value: yes.describe('/validate/check wants an API key, a signature or a JWT of role validate: the network alone is not enough.'),
  },
  operate: { scopes: ['admin'], value: permission },
  triggerchallenge: { scopes: ['admin'], value: permission },
  enrollPUSH: { scopes: ['admin'], value: permission },
  tokenlist: { scopes: ['admin'], value: permission },
  enable: { scopes: ['admin'], value: permission },
  disable: { scopes: ['admin'], value: permission },
  delete: { scopes: ['admin'], value: permission },
  reset: { scopes: ['admin'], value: permission },
  setpin: { scopes: ['admin'], value: permission },
  assign: { scopes: ['admin'], value: permission },
  unassign: { scopes: ['admin'], value: permission },
  revoke: { scopes: ['admin'], value: permission },
  set: { scopes: ['admin'], value: permission },
  setdescription: { scopes: ['admin'], value: permission },
  setrandompin: { scopes: ['admin'], value: permission },
  tokenrealms: { scopes: ['admin'], value: permission },
  otp_pin_set_random: {
    scopes: ['admin'],
    value: z.int().min(4).max(64).describe('How long a PIN is that /token/setrandompin makes; 8 without it.'),
  },
  settokeninfo: { scopes: ['admin'], value: permission },
  getchallenges: { scopes: ['admin'], value: permission },
  cancelchallenge: { scopes: ['admin'], value: permission },
} as const satisfies Record<string, { scopes: readonly Scope[]; value: z.ZodType }>;

/** The name of an action. */
export type ActionName = keyof typeof actions;
/** The type of an action's value. */
export type ActionValue<A extends ActionName> = z.output<(typeof actions)[A]['value']>;
/** What one rule says. */
export type RuleActions = { [A in ActionName]?: ActionValue<A> };
/** What else has to be said to ask for an action: its scope, where it means one thing in one scope and another in the other. */
export type ScopeOf<A extends ActionName> = (typeof actions)[A]['scopes'] extends readonly [Scope]
  ? []
  : [scope: (typeof actions)[A]['scopes'][number]];
/** An action that permits. */
export type Permission = {
  [A in ActionName]: (typeof actions)[A] extends { scopes: readonly ['admin']; value: typeof permission } ? A : never;
}[ActionName];

/** Whether an action permits something. */
export const isPermission = (name: string): name is Permission => isActionName(name) && actions[name].value === permission;

/** Whether there is an action of this name. */
export const isActionName = (name: string): name is ActionName => Object.hasOwn(actions, name);

/** The action whose name is nearest to a misspelt one; undefined when none is near. */
export function nearestAction(name: string): ActionName | undefined {
  const distances = Object.keys(actions)
    .filter(isActionName)
    .map((known) => ({ known, distance: editDistance(name, known) }));
  const best = distances.reduce((nearest, each) => (each.distance < nearest.distance ? each : nearest));
  return best.distance <= 3 ? best.known : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (left === right ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}
