import { type DeliveryPlan, type ExplainedLimit, explainLimits, type Facts, type Policy, type RuleExplanation } from '../policy/index.ts';

/** What is known of a provider without opening it. */
export type ProviderFacts = { name: string; kind: string; default: boolean; addresses: readonly string[] };

/** Why a push would go out as it does: every rule, and the plan with what is known of its providers. */
export type Explained = {
  rules: RuleExplanation[];
  /** What one phone is asked, and how often it rings. */
  limits: ExplainedLimit[];
  plan: Omit<DeliveryPlan, 'providers'> & { providers: Omit<ProviderFacts, 'default'>[] };
};

/** What an explanation needs: the rules, the providers they speak of, and the usual deadline (ms). */
export type ExplainParts = { policy: Policy; providers: readonly ProviderFacts[]; deadlineMs: number };

/** Explains what policies say of a request. `recorded` is the provider recorded with the push token, if there is one. */
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
