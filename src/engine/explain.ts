import { type DeliveryPlan, type ExplainedLimit, explainLimits, type Facts, type Policy, type RuleExplanation } from '../policy/index.ts';

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
