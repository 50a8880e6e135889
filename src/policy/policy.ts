import { edupushSpelling, isEdupushSpelling, isForEdupush } from './actions/edupush.ts';
import {
  type ActionName,
  type ActionValue,
  isActionName,
  isPermission,
  type Permission,
  type Scope,
  type ScopeOf,
} from './actions/index.ts';
import { asksForClientStatus } from './client-match.ts';
import { shortTextsOf } from './condition.ts';
import type { Facts } from './facts.ts';
import { type CompiledMatch, compileMatch, type Mismatch } from './match.ts';
import type { Rule } from './rule.ts';

/** How to deliver a push. */
export type DeliveryPlan = {
  /** In the order of trial. */
  providers: string[];
  /** One deadline for all providers (ms). */
  deadlineMs: number;
  /** After this time (ms) the next provider starts in parallel; absent: never. */
  hedgeMs?: number;
  /** iPhones show the push in spite of a Focus. */
  isTimeSensitive?: boolean;
  /** The source of the choice of providers. */
  because: 'policy' | 'enrolment' | 'default' | 'none';
  /** The rule that chose them. */
  rule?: string;
};

/** Fallbacks of a plan: the provider recorded with the token, the default provider, and the default deadline (ms). */
export type PlanDefaults = { recorded?: string | undefined; fallback?: string | undefined; defaultDeadlineMs: number };

/**
 * How a rule applies to a request: the demands not met, the actions that it decides, and those that an earlier rule
 * decided.
 */
export type RuleExplanation = {
  name: string;
  scope?: Scope | undefined;
  matched: boolean;
  mismatches: Mismatch[];
  decides: ActionName[];
  overruled: { action: ActionName; by: string }[];
};

/**
 * The compiled rules. For each action the first matching rule that has it decides; for edupush tokens any `edupush_x`
 * comes before any `push_x`.
 */
export type Policy = {
  /** The decided value of an action; `scope` is an argument only for actions of several scopes. */
  value<A extends ActionName>(action: A, facts: Facts, ...scope: ScopeOf<A>): ActionValue<A> | undefined;
  /** The decided value with the name of the deciding rule, where an explanation needs it. */
  decision<A extends ActionName>(action: A, facts: Facts, ...scope: ScopeOf<A>): { value: ActionValue<A>; rule: string } | undefined;
  /** All values that rules have for an action, for any request. */
  valuesOf<A extends ActionName>(action: A): ActionValue<A>[];
  /** Whether an administrator has a permission. Without any rule of scope `admin`, every permission is given. */
  permits(action: Permission, facts: Facts): boolean;
  /** Whether the permission is given for push tokens of at least one realm; used before the tokens are known. */
  permitsSomewhere(action: Permission, facts: Facts): boolean;
  /** Whether any rule reads data of a user source. */
  looksAtUsers: boolean;
  /** Whether any rule asks if a client is known or new. */
  looksAtClients: boolean;
  /** Throws `OverlongText` when a header or parameter that a rule reads is too long to be compared. */
  assertShortTexts(facts: Facts): void;
  planDelivery(facts: Facts, defaults: PlanDefaults): DeliveryPlan;
  /** Every rule in order: whether it matched, why not, and what it decides. */
  explain(facts: Facts): RuleExplanation[];
};

type Compiled = { rule: Rule; match: CompiledMatch };

/** Compiles the rules. */
export function openPolicy(rules: readonly Rule[]): Policy {
  const compiled = rules.map((rule) => ({ rule, match: compileMatch(rule.match) }));
  const withAction = byAction(compiled);
  const firstWith = (action: ActionName, facts: Facts, scope?: Scope): Rule | undefined =>
    withAction.get(action)?.find(
      ({ rule, match }) =>
        // A rule without a scope applies in every scope of its actions. A rule with a scope has only actions of that
        // scope.
        (scope === undefined || rule.scope === undefined || rule.scope === scope) && match.matches(facts),
    )?.rule;
  const decidingRule = (action: ActionName, facts: Facts, scope?: Scope): Rule | undefined => {
    if (!isForEdupush(facts)) return isEdupushSpelling(action) ? undefined : firstWith(action, facts, scope);
    const special = edupushSpelling(action);
    return (special && firstWith(special, facts, scope)) ?? firstWith(action, facts, scope);
  };
  const valueIn = <A extends ActionName>(rule: Rule | undefined, action: A, facts: Facts): ActionValue<A> | undefined =>
    (isForEdupush(facts) ? rule?.edupush[action] : undefined) ?? rule?.actions[action];
  const value = <A extends ActionName>(action: A, facts: Facts, ...[scope]: [scope?: Scope]): ActionValue<A> | undefined =>
    valueIn(decidingRule(action, facts, scope), action, facts);
  const hasAdminRules = rules.some(({ actions: given }) => Object.keys(given).some(isPermission));
  return {
    value,
    decision<A extends ActionName>(
      action: A,
      facts: Facts,
      ...[scope]: [scope?: Scope]
    ): { value: ActionValue<A>; rule: string } | undefined {
      const rule = decidingRule(action, facts, scope);
      const decided = valueIn(rule, action, facts);
      return rule && decided !== undefined ? { value: decided, rule: rule.name } : undefined;
    },
    valuesOf<A extends ActionName>(action: A): ActionValue<A>[] {
      const given: (ActionValue<A> | undefined)[] = rules.map(({ actions }) => actions[action]);
      return given.filter((value) => value !== undefined);
    },
    looksAtUsers: rules.some(({ match }) => match.resolver || match.conditions?.some(({ section }) => section === 'userinfo')),
    looksAtClients: rules.some(({ match }) => asksForClientStatus(match.client)),
    assertShortTexts: shortTextsOf(rules.flatMap(({ match }) => match.conditions ?? [])),
    permits: (action, facts) => !hasAdminRules || value(action, facts) === true,
    permitsSomewhere: (action, facts) =>
      !hasAdminRules || compiled.some(({ rule, match }) => rule.actions[action] === true && match.matches({ ...facts, anyRealm: true })),
    planDelivery(facts, { recorded, fallback, defaultDeadlineMs }) {
      const hedgeMs = value('push_hedge_ms', facts);
      const isTimeSensitive = value('push_time_sensitive', facts) === true;
      const manner = {
        deadlineMs: value('push_deadline_ms', facts) ?? defaultDeadlineMs,
        ...(hedgeMs === undefined ? {} : { hedgeMs }),
        ...(isTimeSensitive ? { isTimeSensitive } : {}),
      };
      const rule = decidingRule('push_provider', facts);
      const chosen = value('push_provider', facts);
      if (rule && chosen) return { providers: chosen, ...manner, because: 'policy', rule: rule.name };
      if (recorded !== undefined) return { providers: [recorded], ...manner, because: 'enrolment' };
      return fallback === undefined
        ? { providers: [], ...manner, because: 'none' }
        : { providers: [fallback], ...manner, because: 'default' };
    },
    explain: (facts) => compiled.map((each) => explanationOf(each, facts, (action) => decidingRule(action, facts))),
  };
}

/** The rules by action, in order. A login asks for about fifty actions, and few rules have each. */
function byAction(compiled: readonly Compiled[]): Map<string, Compiled[]> {
  const index = new Map<string, Compiled[]>();
  for (const each of compiled) for (const action of Object.keys(each.rule.actions)) index.set(action, [...(index.get(action) ?? []), each]);
  return index;
}

/** Explains one rule for a request; `decidingRule` returns the rule that decides an action. */
function explanationOf({ rule, match }: Compiled, facts: Facts, decidingRule: (action: ActionName) => Rule | undefined): RuleExplanation {
  const mismatches = match.mismatches(facts);
  const known = Object.keys(rule.actions).filter(isActionName);
  const decided = mismatches.length > 0 ? [] : known.map((action) => ({ action, by: decidingRule(action) }));
  return {
    name: rule.name,
    scope: rule.scope,
    matched: mismatches.length === 0,
    mismatches,
    decides: decided.filter(({ by }) => by === rule).map(({ action }) => action),
    overruled: decided.flatMap(({ action, by }) => (by && by !== rule ? [{ action, by: by.name }] : [])),
  };
}
