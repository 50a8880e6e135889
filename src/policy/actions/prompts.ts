import { z } from 'zod';
import { rate } from './logins.ts';

const yes = z.boolean();
const text = z.string().min(1).max(512);
const names = z.union([text.transform((name) => [name]), z.array(text).min(1)]);

/** Actions that limit how often one phone is asked, and set the effect of a user's report. */
export const promptActions = {
  push_client_attributes: {
    scopes: ['authentication'],
    value: names.meta({
      description: 'Request parameters or RADIUS attributes that identify the device that logs in.',
      examples: ['Calling-Station-Id'],
    }),
    unset: 'the address of the client identifies it',
  },
  push_open_challenges: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(50)
      .meta({ description: 'How many logins may wait for one phone. One more displaces an older one. 0: no limit.', examples: [5] }),
    unset: '5',
  },
  push_open_rang_seconds: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(600)
      .meta({ description: 'How long a login whose phone rang cannot be displaced.', examples: [30] }),
    unset: '30',
  },
  push_prompts_without_accept: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(20)
      .meta({ description: 'How often a phone rings without an accept before it is muted. 0: it is never muted.', examples: [3] }),
    unset: '3',
  },
  push_prompts_window_seconds: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(10)
      .max(86_400)
      .meta({ description: 'The window in which those rings are counted.', examples: [600] }),
    unset: '600',
  },
  push_pull_only_seconds: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(86_400)
      .meta({
        description: 'How long a muted phone stays silent. An accept ends it. The app still shows logins when it is opened.',
        examples: [1200],
      }),
    unset: '1200',
  },
  push_prompts_known_client: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(20)
      .meta({ description: 'How many more times a muted phone that cannot poll rings for a known client.', examples: [3] }),
    unset: '3',
  },
  push_prompts_rare_seconds: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(86_400)
      .meta({
        description: 'The pause between two rings of a muted phone that cannot poll, for any other client. 0: no pause.',
        examples: [300],
      }),
    unset: '300',
  },
  push_repeat_window: {
    scopes: ['authentication'],
    value: z
      .int()
      .min(0)
      .max(120)
      .meta({
        description: 'How long an identical request joins the login that the first one began, without a second ring. 0: never.',
        unit: 'seconds',
        examples: [10],
      }),
    unset: '0',
  },
  push_not_me_disables: {
    scopes: ['authentication'],
    value: yes.describe('A push token is disabled when its user reports a login as not theirs.'),
    unset: 'false',
  },
  push_bare_decline_is_fraud: {
    scopes: ['authentication'],
    value: yes.describe('A decline without a reason counts as such a report.'),
    unset: 'false',
  },
  push_relays_per_device: {
    scopes: ['authentication'],
    value: rate.meta({
      description: 'How many challenges an auth server may relay to one of its own phones in a window. More are refused.',
      examples: ['5/10m'],
    }),
    unset: 'no limit',
  },
} as const;
