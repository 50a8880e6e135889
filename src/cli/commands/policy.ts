import { Command, Option } from 'commander';
import { z } from 'zod';
import type { Config } from '../../config/index.ts';
import { explain } from '../../engine/index.ts';
import { openRealms, type Realms } from '../../engine/users/index.ts';
import { openPolicy } from '../../policy/index.ts';
import { gatewayFor } from '../gateway-address.ts';
import { withOpsClient } from '../ops-client.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { type Terminal, WrongUsage } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';
import { describeProviders } from './providers-of.ts';

type Question = JsonFlag & {
  config: string;
  user?: string;
  realm?: string;
  resolver?: string;
  client?: string;
  clientIs?: 'known' | 'new';
  authServer?: string;
  dialect?: string;
  mount?: string;
  flavour?: string;
  tokenType: string;
  userAgent?: string;
  recorded?: string;
  at?: string;
};

/**
 * `pushgate policy …`: explains the rules of a configuration. Needs no running gateway, so that a change can be tried
 * out first.
 */
export function policyCommand(terminal: Terminal): Command {
  return new Command('policy')
    .addHelpText('after', '\nExample:\n  npx pushgate policy explain --user alice --realm corp --client 10.1.2.3')
    .addCommand(explainCommand(terminal));
}

/** Rules in order; `limits` for one phone; `plan`: the providers in the order of delivery, and the reason for it. */
const explained = dataOutput(
  z.object({
    rules: z.array(
      z.object({
        name: z.string(),
        scope: z.string().optional(),
        matched: z.boolean(),
        mismatches: z.array(z.object({ matcher: z.string(), wants: z.string(), was: z.string() })),
        decides: z.array(z.string()),
        overruled: z.array(z.object({ action: z.string(), by: z.string() })),
      }),
    ),
    limits: z.array(z.object({ limit: z.string(), value: z.number(), rule: z.string().optional() })),
    plan: z.object({
      providers: z.array(z.object({ name: z.string(), kind: z.string(), addresses: z.array(z.string()).readonly() })),
      deadlineMs: z.number(),
      hedgeMs: z.number().optional(),
      isTimeSensitive: z.boolean().optional(),
      because: z.enum(['policy', 'enrolment', 'default', 'none']),
      rule: z.string().optional(),
    }),
  }),
);

function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('Each rule, whether it matches or why not, and the delivery plan that comes of it. Nothing is sent.')
    .option('-u, --user <name>', 'user who logs in')
    .option('-r, --realm <realm>', 'realm of the user')
    .option('--resolver <name>', 'source that knows the user')
    .option('--client <address>', 'address the login comes from')
    .addOption(
      new Option('--client-is <standing>', 'whether a phone accepted a login of the user from there lately').choices(['known', 'new']),
    )
    .option('--auth-server <name>', 'auth server that asks')
    .option('--dialect <name>', 'dialect it speaks; that of the mount, or privacyidea')
    .option('--mount <path>', 'mount it calls')
    .option('--flavour <name>', 'flavour of the mount; as it is configured')
    .option('--token-type <type>', 'type of the push token', 'push')
    .option('--user-agent <name>', 'user agent of the request')
    .option('--recorded <provider>', 'provider recorded with the push token at its enrolment')
    .option('--at <time>', 'moment, such as 2026-03-02T09:00:00Z; now without it')
    .addOption(explained.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate policy explain --user alice --realm corp --client 10.1.2.3 --auth-server vpn')
    .action(async (question: Question) => {
      if (Number.isNaN(Date.parse(question.at ?? new Date().toISOString())))
        throw new WrongUsage(`--at ${question.at} is no time. Write it as 2026-03-02T09:00:00Z.`);
      const told = await (terminal.remote ? explainThere(terminal, question) : explainHere(terminal, question));
      explained.print(terminal, question, told, () => {
        for (const line of linesOf(told)) terminal.out(line);
      });
    });
}

type Told = ReturnType<typeof explained.read>;

/** Explains the rules of a configuration file, without a gateway. */
async function explainHere(terminal: Terminal, { config: file, recorded, at, json: _json, ...known }: Question): Promise<Told> {
  const { config, catalog } = await configFor(file, terminal);
  const realms = openRealms(config.realms);
  demandRealm(realms, known.realm);
  const ignoreCase = realms.ignoresCase(known.realm ?? '');
  const parts = {
    policy: openPolicy(config.policies),
    providers: describeProviders(config, catalog),
    deadlineMs: config.settings.deliveryDeadlineMs,
  };
  const now = at === undefined ? Date.now() : Date.parse(at);
  return explain(parts, { now, ...mountFacts(config, known), ...known, ignoreCase }, recorded);
}

/**
 * Explains the rules that a gateway on another machine uses now. Without a mount, the question is about privacyIDEA's
 * dialect, as above.
 */
async function explainThere(terminal: Terminal, question: Question): Promise<Told> {
  const { user, realm, resolver, client, clientIs, authServer, mount, tokenType, userAgent, recorded, at } = question;
  const dialect = question.dialect ?? 'privacyidea';
  const flavour = question.flavour ?? (dialect === 'privacyidea' ? 'privacyidea' : undefined);
  const asked = { user, realm, resolver, client, clientIs, authServer, dialect, mount, flavour, tokenType, userAgent, recorded, at };
  return withOpsClient(gatewayFor(question.config, terminal), async (ops) =>
    explained.read(await ops.call('POST', '/ops/policy/explain', asked)),
  );
}

function demandRealm(realms: Realms, realm: string | undefined): void {
  if (realms.resolve('', realm) !== 'unknown-realm') return;
  throw new WrongUsage(`there is no realm ${realm}. Realms are ${realms.names.join(', ') || 'none'}.`);
}

/** Dialect and flavour of the mount in the question; the defaults if it names none. */
function mountFacts({ listeners }: Config, { mount: path, dialect }: Pick<Question, 'mount' | 'dialect'>) {
  const all = listeners.flatMap(({ mounts }) => mounts);
  const named = all.filter((mount) => mount.path === path);
  if (path !== undefined && named.length === 0)
    throw new WrongUsage(`There is no mount ${path}. Mounts are ${[...new Set(all.map((mount) => mount.path))].join(', ')}.`);
  const fits = named.find(({ serves }) => serves === (dialect ?? serves));
  const { serves, flavour } = fits ?? { serves: dialect ?? 'privacyidea', flavour: 'privacyidea' as const };
  return { dialect: serves, flavour: serves === 'privacyidea' ? flavour : undefined };
}

/** The explanation as lines of text. */
function linesOf({ rules, limits, plan }: Told): string[] {
  const ruleLines = rules.flatMap(({ name, matched, mismatches, decides, overruled }) => [
    `${matched ? 'matches ' : 'does not'}  ${name}`,
    ...mismatches.map(({ matcher, wants, was }) => `            ${matcher}: wants ${wants}; it was ${was}`),
    ...decides.map((action) => `            decides ${action}`),
    ...overruled.map(({ action, by }) => `            ${action} was decided by "${by}" before`),
  ]);
  const because = {
    policy: `rule "${plan.rule ?? ''}"`,
    enrolment: 'the provider recorded at enrolment',
    default: 'the default provider',
    none: 'no rule, no recorded provider and no default one',
  }[plan.because];
  const steps = plan.providers.map(
    ({ name, kind, addresses }, index) => `  ${index + 1}. ${name} (${kind}) for addresses: ${addresses.join(', ')}`,
  );
  const hedge = plan.hedgeMs === undefined ? '' : `, a slow one gets company after ${plan.hedgeMs} ms`;
  const sensitive = plan.isTimeSensitive ? ', time-sensitive on iPhones' : '';
  return [
    ...ruleLines,
    '',
    'Limits of one phone:',
    ...limits.map(({ limit, value, rule }) => `  ${limit}: ${value}${rule === undefined ? '' : `, by rule "${rule}"`}`),
    '',
    `Plan, by ${because}: within ${plan.deadlineMs} ms${hedge}${sensitive}`,
    ...(steps.length > 0 ? steps : ['  nothing is sent']),
  ];
}
