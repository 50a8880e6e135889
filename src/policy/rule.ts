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
  realm: list.optional().describe('Realms of the user; for rights of administrators, those of the push token.'),
  adminRealm: list.optional().describe('Realms of administrators (trustedJwts); accounts of this gateway have none.'),
  resolver: list.optional().describe('Resolvers.'),
  user: list.optional().describe('Users: a name, name@realm, * for any text, !name to exclude; case counts unless the realm ignores it.'),
  client: clients
    .optional()
    .describe(
      'Addresses and networks of the client; known or new: whether a phone accepted a login of the user from there lately (logins alone).',
    ),
  authServer: list.optional().describe('Auth servers by name.'),
  dialect: list.optional().describe('Dialects, such as privacyidea.'),
  mount: list.optional().describe('Mounts by their path, such as /edumfa.'),
  flavour: list.optional().describe('Flavours of privacyidea mounts: privacyidea, edumfa.'),
  tokenType: list.optional().describe('Types of token, such as push.'),
  userAgent: list.optional().describe('Names at the start of the User-Agent.'),
  time: times.optional().describe('Local times, such as Mon-Fri: 09:00-17:30.'),
  conditions: z
    .array(conditionConfig)
    .min(1)
    .optional()
    .describe('Further demands on headers of the request and on the push token; all must hold.'),
});

/** One rule of the configuration file. */
export const ruleConfig = z
  .strictObject({
    name: z.string().min(1).max(128).describe('Name, shown where the rule decided.'),
    scope: z
      .enum(['enrollment', 'authentication', 'authorization', 'token', 'admin'])
      .optional()
      .describe('Where the rule counts; without it, wherever its actions are known.'),
    match: matchConfig.default({}).describe('Whom the rule is for; everybody without it.'),
    actions: z
      .record(z.string(), z.unknown())
      .refine((given) => Object.keys(given).length > 0, 'a rule needs at least one action')
      .describe('What the rule says: names of actions with their values.'),
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
