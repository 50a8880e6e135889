import { z } from 'zod';
import { checkProvider, explainPolicies, policyQuestion, providerFacts } from '../../../formats/management/index.ts';
import { type Endpoint, managed } from '../endpoint.ts';
import type { Manager } from '../managers.ts';
import type { RestParts } from '../parts.ts';
import { RestProblem } from '../problems.ts';

const moment = z.iso.datetime();

const Provider = z
  .strictObject({
    name: z.string(),
    kind: z.string(),
    default: z.boolean(),
    addresses: z.array(z.string()).describe('The kinds of addresses that it serves.'),
    circuit: z.enum(['closed', 'open', 'half-open']).describe('The breaker: no push goes through an open one.'),
    inFlight: z.int(),
    queued: z.int(),
    lastSuccess: moment.optional(),
    lastError: z.strictObject({ at: moment, reason: z.string(), detail: z.string().optional() }).optional(),
    expires: z.array(z.strictObject({ what: z.string(), at: moment })).describe('When its credentials end.'),
    servers: z.array(z.strictObject({ name: z.string(), state: z.string() })),
    clockSkewMs: z.number().optional().describe('How far the clock of the gateway is ahead of the provider.'),
    problem: z.string().optional().describe('Why it could not be opened.'),
  })
  .meta({ id: 'Provider' });

const providers = managed(
  {
    method: 'GET',
    path: '/v1/providers',
    right: 'providers',
    permission: 'operate',
    id: 'listProviders',
    summary: 'The state of every provider',
    replies: { 200: { description: 'The providers.', schema: z.strictObject({ providers: z.array(Provider) }) } },
  },
  async ({ engine }) => ({ status: 200, body: { providers: providerFacts(engine) } }),
);

const check = managed(
  {
    method: 'POST',
    path: '/v1/providers/:name/check',
    right: 'providers',
    permission: 'operate',
    id: 'checkProvider',
    summary: 'Checks the credentials of a provider without a push',
    body: z.strictObject({}),
    replies: {
      200: {
        description: 'What came of the check.',
        schema: z.strictObject({ ok: z.boolean(), detail: z.string().optional(), problem: z.string().optional() }),
      },
    },
    problems: ['not-found'],
  },
  async ({ engine }, { param }) => {
    const result = await checkProvider(engine, param('name'));
    if (!result) throw new RestProblem('not-found', 'There is no provider of this name.');
    return { status: 200, body: result };
  },
);

const action = z.string();

const Explained = z
  .strictObject({
    rules: z.array(
      z.strictObject({
        name: z.string(),
        scope: z.string().optional(),
        matched: z.boolean(),
        mismatches: z.array(z.strictObject({ matcher: z.string(), wants: z.string(), was: z.string() })),
        decides: z.array(action),
        overruled: z.array(z.strictObject({ action, by: z.string() })),
      }),
    ),
    limits: z.array(z.strictObject({ limit: z.string(), value: z.number(), rule: z.string().optional() })),
    plan: z.strictObject({
      providers: z.array(z.strictObject({ name: z.string(), kind: z.string(), addresses: z.array(z.string()) })),
      deadlineMs: z.int(),
      hedgeMs: z.int().optional(),
      isTimeSensitive: z.boolean().optional(),
      because: z.enum(['policy', 'enrolment', 'default', 'none']),
      rule: z.string().optional(),
    }),
  })
  .meta({ id: 'PolicyExplanation' });

const explain = managed(
  {
    method: 'POST',
    path: '/v1/policy/explain',
    right: 'policies',
    permission: 'operate',
    id: 'explainPolicy',
    summary: 'Which rules decide about a login, and how it would be delivered',
    description:
      'Nothing is sent. An auth server learns only of rules for itself and for its realms, about its own requests: authServer is its name.',
    body: policyQuestion,
    replies: { 200: { description: 'Every rule, the limits and the plan.', schema: Explained } },
    problems: ['not-found'],
  },
  async (parts, { manager, body }) => {
    const { rules, ...explained } = explainPolicies(parts.engine, askedBy(parts, manager, body));
    return { status: 200, body: { rules: rules.filter((rule) => isFor(manager, rule)), ...explained } };
  },
);

type Question = z.output<typeof policyQuestion>;

/** The question of an auth server is about its own requests, and about users of its realms. */
function askedBy({ engine }: RestParts, { server, asker }: Manager, question: Question): Question {
  if (!server) return question;
  const { user = '', realm, authServer = server.name } = question;
  if (authServer !== server.name) throw new RestProblem('not-found', 'There is no such auth server.');
  if (server.realms === undefined) return { ...question, authServer };
  const named = engine.admission.resolveName(asker, { name: user, realm });
  if (named === 'foreign') throw new RestProblem('not-found', 'There is no such realm.');
  return { ...question, authServer, realm: named.realm, ...(user === '' ? {} : { user: named.user }) };
}

type Rule = ReturnType<RestParts['engine']['explain']>['rules'][number];

/** Whether a manager may know of a rule: those for other realms and other auth servers are none of its business. */
const isFor = ({ server }: Manager, { mismatches }: Rule): boolean =>
  !server || !mismatches.some(({ matcher }) => matcher === 'authServer' || (matcher === 'realm' && server.realms !== undefined));

/** The endpoints for providers and policies. */
export const gatewayEndpoints: readonly Endpoint[] = [providers, check, explain];
