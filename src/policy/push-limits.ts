import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';

/** Default limits on challenges and rings of one phone. */
const defaults = {
  push_open_challenges: 5,
  push_open_rang_seconds: 30,
  push_prompts_without_accept: 3,
  push_prompts_window_seconds: 600,
  push_pull_only_seconds: 1200,
  push_prompts_known_client: 3,
  push_prompts_rare_seconds: 300,
  push_repeat_window: 0,
} as const;

/** A limit on challenges or rings of one phone. */
export type PushLimit = keyof typeof defaults;

/** The value of a limit by policy, or its default. 0 switches it off. */
export const pushLimit = (policy: Pick<Policy, 'value'>, limit: PushLimit, facts: Facts): number =>
  policy.value(limit, facts) ?? defaults[limit];

/** The largest value of a limit in any rule, or the default; undefined when a rule switches it off. */
export function largestLimit(policy: Pick<Policy, 'valuesOf'>, limit: PushLimit): number | undefined {
  const values = policy.valuesOf(limit);
  return values.includes(0) ? undefined : Math.max(defaults[limit], ...values);
}

/** A limit with its value and, if a rule decides it, that rule. */
export type ExplainedLimit = { limit: PushLimit; value: number; rule?: string | undefined };

/** All limits for a request, with their origin. */
export const explainLimits = (policy: Pick<Policy, 'decision'>, facts: Facts): ExplainedLimit[] =>
  Object.keys(defaults)
    .filter(isLimit)
    .map((limit) => ({ limit, value: defaults[limit], ...policy.decision(limit, facts) }));

const isLimit = (name: string): name is PushLimit => Object.hasOwn(defaults, name);
