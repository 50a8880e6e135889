import { z } from 'zod';
import { enrolmentActions } from './enrolment.ts';
import { pushActions } from './push.ts';

/** eduMFA's actions: `edupush_x` applies to edupush tokens and overrides `push_x`, see edupush.ts. */
export const edupushActions = {
  edupush_firebase_configuration: enrolmentActions.push_firebase_configuration,
  edupush_registration_url: {
    ...enrolmentActions.push_registration_url,
    value: enrolmentActions.push_registration_url.value.meta({ examples: ['https://mfa.example.com/edumfa/ttype/edupush'] }),
  },
  edupush_ttl: enrolmentActions.push_ttl,
  edupush_ssl_verify: enrolmentActions.push_ssl_verify,
  edupush_force_app_pin: enrolmentActions.push_force_app_pin,
  edupush_text_on_mobile: {
    ...pushActions.push_text_on_mobile,
    value: pushActions.push_text_on_mobile.value.meta({
      description: 'The question on the phone, without tags.',
      examples: ['Do you want to log in?'],
    }),
  },
  edupush_title_on_mobile: pushActions.push_title_on_mobile,
  edupush_allow_polling: pushActions.push_allow_polling,
  edupush_wait: {
    ...pushActions.push_wait,
    value: pushActions.push_wait.value.describe('How long /validate/check itself waits for the answer.'),
  },
  edupush_shown_as: {
    scopes: ['authentication'],
    value: z.enum(['edupush', 'push']).describe('The token type in replies to clients; some clients know push alone.'),
    unset: '"edupush"',
  },
} as const;
