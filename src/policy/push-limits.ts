import type { Facts } from './facts.ts';
import type { Policy } from './policy.ts';

/** What is asked of one phone, and how often it rings, where no rule says otherwise. */
const usual = {
  push_open_challenges: 5,
  push_open_rang_seconds: 30,
  push_prompts_without_accept: 3,
  push_prompts_window_seconds: 600,
  push_pull_only_seconds: 1200,
  push_prompts_known_client: 3,
  push_prompts_rare_seconds: 300,
  push_repeat_window: 0,
} as const;

/** A limit of what one phone is asked. */
export type PushLimit = keyof typeof usual;

/** The value of a limit: that of the rules, else the usual one. 0 switches it off. */
export const pushLimit = (policy: Pick<Policy, 'value'>, limit: PushLimit, facts: Facts): number =>
  policy.value(limit, facts) ?? usual[limit];

/** The largest value that any rule has for a limit, or the usual one; undefined where one switches it off. */
export function largestLimit(policy: Pick<Policy, 'valuesOf'>, limit: PushLimit): number | undefined {
  const values = policy.valuesOf(limit);
  return values.includes(0) ? undefined : Math.max(usual[limit], ...values);
}

/** One limit with its value and the rule that decides it, where one does. */
export type ExplainedLimit = { limit: PushLimit; value: number; rule?: string | undefined };

/** All limits for a request, and why. */
export const explainLimits = (policy: Pick<Policy, 'decision'>, facts: Facts): ExplainedLimit[] =>
  Object.keys(usual)
    .filter(isLimit)
    .map((limit) => ({ limit, value: usual[limit], ...policy.decision(limit, facts) }));

const isLimit = (name: string): name is PushLimit => Object.hasOwn(usual, name);
