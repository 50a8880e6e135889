import { z } from 'zod';
import { plainError } from '../foundation/settings/index.ts';
import { edupushValues } from './actions/edupush.ts';
import { actions, isActionName, nearestAction, type RuleActions, type Scope } from './actions/index.ts';
import { unsupportedReason } from './actions/unsupported.ts';
import { isClientEntry } from './client-match.ts';
import { conditionConfig } from './condition.ts';
import { readTimeRanges } from './time-match.ts';

const list = z.array(z.string().min(1)).min(1);
const clients = z
  .array(z.string().refine(isClientEntry, 'expected an address or a network such as 10.0.0.0/8, known or new, optionally after "!"'))
  .min(1);
const times = z
  .array(
    z.string().superRefine((text, context) => {
      const read = readTimeRanges(text);
      if ('error' in read) context.addIssue({ code: 'custom', message: read.error });
    }),
  )
  .min(1);

/**
 * The requests that a rule applies to; a missing matcher is not checked. In lists `!x` excludes, and exclusion wins
 * over inclusion.
 */
export const matchConfig = z.strictObject({
  realm: list
    .optional()
    .meta({ description: 'Realms of the user. For rights of administrators: realms of the push token.', examples: [['corp']] }),
  adminRealm: list
    .optional()
    .meta({ description: 'Realms of administrators from trustedJwts. Accounts of this gateway have no realm.', examples: [['admins']] }),
  resolver: list.optional().meta({ description: 'User sources that know the user.', examples: [['ad-corp']] }),
  user: list.optional().meta({
    description: 'Users: a name or name@realm. * stands for any text, and !name excludes. Case counts unless the realm ignores it.',
    examples: [['*', '!breakglass']],
  }),
  client: clients.optional().meta({
    description:
      'Addresses and networks of the client, or for logins "known" and "new": whether a phone of the user lately accepted a login from there.',
    examples: [['10.0.0.0/8', '!10.9.0.0/16']],
  }),
  authServer: list.optional().meta({ description: 'Names of auth servers.', examples: [['vpn']] }),
  dialect: list.optional().meta({ description: 'Dialects of the mount.', examples: [['privacyidea']] }),
  mount: list.optional().meta({ description: 'Paths of mounts.', examples: [['/edumfa']] }),
  flavour: list.optional().meta({ description: 'Flavours of privacyidea mounts: privacyidea, edumfa.', examples: [['edumfa']] }),
  tokenType: list.optional().meta({ description: 'Token types.', examples: [['push']] }),
  userAgent: list.optional().meta({ description: 'Names at the start of the User-Agent header.', examples: [['privacyidea-cp']] }),
  time: times.optional().meta({ description: "Times in the gateway's local time.", examples: [['Mon-Fri: 07:00-19:00']] }),
  conditions: z.array(conditionConfig).min(1).optional().describe('Conditions on the request, the push token or the user. All must hold.'),
});

/** One rule of the configuration file. */
export const ruleConfig = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(128)
      .meta({ description: 'Name of the rule, shown wherever it decides.', examples: ['VPN in office hours'] }),
    scope: z
      .enum(['enrollment', 'authentication', 'authorization', 'token', 'admin'])
      .optional()
      .describe('The scope of the rule. Without it the rule counts in every scope that knows its actions.'),
    match: matchConfig
      .default({})
      .meta({ description: 'The requests that the rule is for. Without it: all requests.', examples: [{ realm: ['corp'] }] }),
    actions: z
      .record(z.string(), z.unknown())
      .refine((given) => Object.keys(given).length > 0, 'a rule needs at least one action')
      .meta({
        description: 'Names of actions with their values (docs/reference/policies.md).',
        examples: [{ push_title_on_mobile: 'ACME VPN' }],
      }),
  })
  .transform(({ actions: given, ...rule }, context) => {
    const read: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      const found = readAction(name, value, rule.scope);
      if ('value' in found) read[name] = found.value;
      else
        for (const { path, message } of found.issues)
          context.issues.push({ code: 'custom', message, path: ['actions', name, ...path], input: value });
    }
    return { ...rule, actions: read as RuleActions, edupush: edupushValues(read) as RuleActions };
  });

/**
 * A checked rule: every action is known, and its value has the right type. `edupush` holds its values for edupush
 * tokens.
 */
export type Rule = z.output<typeof ruleConfig>;

type Issue = { path: PropertyKey[]; message: string };

function readAction(name: string, value: unknown, scope: Scope | undefined): { value: unknown } | { issues: Issue[] } {
  if (!isActionName(name)) {
    const nearest = nearestAction(name);
    const unknown = `unknown action${nearest ? `; did you mean ${nearest}?` : ''}`;
    return { issues: [{ path: [], message: unsupportedReason(name) ?? unknown }] };
  }
  const action = actions[name];
  const scopes: readonly Scope[] = action.scopes;
  if (scope !== undefined && !scopes.includes(scope))
    return { issues: [{ path: [], message: `is not known in scope ${scope}, only in ${scopes.join(' and ')}` }] };
  const parsed = action.value.safeParse(value, { error: plainError });
  return parsed.success ? { value: parsed.data } : { issues: parsed.error.issues.map(({ path, message }) => ({ path, message })) };
}
