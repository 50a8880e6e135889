import type { PushToken } from '../foundation/model/index.ts';
import { type DeliveryPlan, type ExplainedLimit, explainLimits, type Facts, type Policy, type RuleExplanation } from '../policy/index.ts';
import type { Asker, EngineParts } from './parts.ts';

/** Askers whose texts were checked: there is one per request, and policies are asked many times for it. */
const checkedAskers = new WeakSet<Asker>();

/** A user as named by a request or as the owner of a push token. */
export type NamedOwner = { user?: string | undefined; realm?: string | undefined; resolver?: string | undefined };

/**
 * The facts for policies about a request: the caller, the user, and the push token. Throws `OverlongText` as the
 * policies do.
 */
export function factsOf(
  { clock, policy, realms }: Pick<EngineParts, 'clock' | 'policy' | 'realms'>,
  asker: Asker,
  owner: NamedOwner | undefined,
  token?: PushToken,
): Facts {
  // A lookup for this request is more recent than the source stored with the push token.
  const resolver = asker.resolver || owner?.resolver;
  const now = clock();
  const { realms: _realms, requestId: _requestId, toldClient: _told, ...known } = asker;
  if (!checkedAskers.has(asker)) {
    policy.assertShortTexts({ now, ...known });
    checkedAskers.add(asker);
  }
  return {
    now,
    ...known,
    user: owner?.user || undefined,
    ignoreCase: owner?.user ? realms.ignoresCase(owner.realm ?? '') : undefined,
    realm: owner?.realm || undefined,
    ...(resolver ? { resolver } : {}),
    tokenType: token?.type,
    ...(token && factsOfToken(token)),
  };
}

/** The facts about a push token. */
type TokenFacts = { token: Record<string, string | undefined>; tokenInfo: Record<string, string> };

/**
 * Facts of push tokens that were computed: policies ask for them many times per login, and token objects never change.
 */
const factsByToken = new WeakMap<PushToken, TokenFacts>();

function factsOfToken(token: PushToken): TokenFacts {
  const known = factsByToken.get(token) ?? { token: tokenFacts(token), tokenInfo: infoFacts(token) };
  factsByToken.set(token, known);
  return known;
}

/** The fields of a push token that conditions may read. */
const tokenFacts = (token: PushToken): Record<string, string | undefined> => ({
  serial: token.serial,
  tokentype: token.type,
  description: token.description,
  realm: token.realms.join(','),
  failcount: String(token.failCount),
  maxfail: String(token.maxFail),
  active: String(token.enabled),
  locked: String(token.failCount >= token.maxFail),
  revoked: String(token.revoked),
  rollout_state: token.rollout,
  provider: token.provider,
});

/**
 * The tokeninfo of a push token, with the two dates and the count that privacyIDEA keeps there. No key and no address.
 */
const infoFacts = ({ info = {}, createdAt, loginCount, lastLogin }: PushToken): Record<string, string> => ({
  ...info,
  creation_date: new Date(createdAt).toISOString(),
  count_auth_success: String(loginCount),
  ...(lastLogin === undefined ? {} : { last_auth: new Date(lastLogin.at).toISOString() }),
});

/** Facts about a provider that need no open provider. */
export type ProviderFacts = { name: string; kind: string; default: boolean; addresses: readonly string[] };

/** Why a push would be delivered as it is: every rule, and the plan with facts about its providers. */
export type Explained = {
  rules: RuleExplanation[];
  /** Limits on challenges and rings of one phone. */
  limits: ExplainedLimit[];
  plan: Omit<DeliveryPlan, 'providers'> & { providers: Omit<ProviderFacts, 'default'>[] };
};

/** The parts of an explanation: the rules, their providers, and the default deadline (ms). */
export type ExplainParts = { policy: Policy; providers: readonly ProviderFacts[]; deadlineMs: number };

/** Explains the policies for a request. `recorded` is the provider recorded with the push token, if any. */
export function explain({ policy, providers: known, deadlineMs }: ExplainParts, facts: Facts, recorded?: string): Explained {
  const fallback = known.find((provider) => provider.default)?.name;
  const { providers, ...plan } = policy.planDelivery(facts, {
    recorded,
    fallback,
    defaultDeadlineMs: deadlineMs,
  });
  const steps = providers.map((name) => {
    const { kind = 'poll-only', addresses = ['none'] } = known.find((provider) => provider.name === name) ?? {};
    return { name, kind, addresses };
  });
  return { rules: policy.explain(facts), limits: explainLimits(policy, facts), plan: { ...plan, providers: steps } };
}
