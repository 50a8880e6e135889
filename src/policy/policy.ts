import { edupushSpelling, isAboutEdupush, isEdupushSpelling } from './actions/edupush.ts';
import {
  type ActionName,
  type ActionValue,
  isActionName,
  isPermission,
  type Permission,
  type Scope,
  type ScopeOf,
} from './actions/index.ts';
import { asksForStanding } from './client-match.ts';
import { shortTextsOf } from './condition.ts';
import type { Facts } from './facts.ts';
import { type CompiledMatch, compileMatch, type Mismatch } from './match.ts';
import type { Rule } from './rule.ts';

/**
 * How a push is to go out: providers in the order they are tried, one deadline for all (ms), after how long a slow one gets company (ms;
 * absent: never), whether iPhones show it in spite of a Focus, and who said so.
 */
export type DeliveryPlan = {
  providers: string[];
  deadlineMs: number;
  hedgeMs?: number;
  isTimeSensitive?: boolean;
  because: 'policy' | 'enrolment' | 'default' | 'none';
  rule?: string;
};

/** What a plan falls back to: the provider recorded with the token, the default one, and the usual deadline. */
export type PlanDefaults = { recorded?: string | undefined; fallback?: string | undefined; defaultDeadlineMs: number };

/** What a rule has to do with a request: the demands that were not met, and the actions that it decides or that a rule before it decided. */
export type RuleExplanation = {
  name: string;
  scope?: Scope | undefined;
  matched: boolean;
  mismatches: Mismatch[];
  decides: ActionName[];
  overruled: { action: ActionName; by: string }[];
};

/** What the rules say. For each action the first rule that matches and has it decides; for edupush tokens any `edupush_x` before any `push_x`. */
export type Policy = {
  /** What is decided for an action. Its scope is that of the action table; `scope` only for those that two scopes know. */
  value<A extends ActionName>(action: A, facts: Facts, ...scope: ScopeOf<A>): ActionValue<A> | undefined;
  /** The value with the name of the rule that decides it, where that name is told. */
  decision<A extends ActionName>(action: A, facts: Facts, ...scope: ScopeOf<A>): { value: ActionValue<A>; rule: string } | undefined;
  /** Every value that some rule has for an action, whomever it is for. */
  valuesOf<A extends ActionName>(action: A): ActionValue<A>[];
  /** Whether a permission of scope `admin` is given: always while no rule of that scope exists. */
  permits(action: Permission, facts: Facts): boolean;
  /** Whether it may be given for push tokens of some realm or other: asked before they are known. */
  permitsSomewhere(action: Permission, facts: Facts): boolean;
  /** Whether any rule looks at what a source of users tells. */
  looksAtUsers: boolean;
  /** Whether any rule asks if a client is known or new. */
  looksAtClients: boolean;
  /** Throws `OverlongText` where a header or a parameter that a rule looks at is too long to be matched. */
  demandShort(facts: Facts): void;
  planDelivery(facts: Facts, defaults: PlanDefaults): DeliveryPlan;
  /** Every rule in its order: whether it matched, why not, and what it decides. */
  explain(facts: Facts): RuleExplanation[];
};

type Compiled = { rule: Rule; match: CompiledMatch };

/** Reads the rules once. */
export function openPolicy(rules: readonly Rule[]): Policy {
  const compiled = rules.map((rule) => ({ rule, match: compileMatch(rule.match) }));
  const withAction = byAction(compiled);
  const firstWith = (action: ActionName, facts: Facts, scope?: Scope): Rule | undefined =>
    withAction.get(action)?.find(
      ({ rule, match }) =>
        // A rule without a scope is meant for every scope that knows its actions, and one with a scope has no others.
        (scope === undefined || rule.scope === undefined || rule.scope === scope) && match.matches(facts),
    )?.rule;
  const deciding = (action: ActionName, facts: Facts, scope?: Scope): Rule | undefined => {
    if (!isAboutEdupush(facts)) return isEdupushSpelling(action) ? undefined : firstWith(action, facts, scope);
    const special = edupushSpelling(action);
    return (special && firstWith(special, facts, scope)) ?? firstWith(action, facts, scope);
  };
  const valueIn = <A extends ActionName>(rule: Rule | undefined, action: A, facts: Facts): ActionValue<A> | undefined =>
    (isAboutEdupush(facts) ? rule?.edupush[action] : undefined) ?? rule?.actions[action];
  const value = <A extends ActionName>(action: A, facts: Facts, ...[scope]: [scope?: Scope]): ActionValue<A> | undefined =>
    valueIn(deciding(action, facts, scope), action, facts);
  const hasAdminRules = rules.some(({ actions: given }) => Object.keys(given).some(isPermission));
  return {
    value,
    decision<A extends ActionName>(
      action: A,
      facts: Facts,
      ...[scope]: [scope?: Scope]
    ): { value: ActionValue<A>; rule: string } | undefined {
      const rule = deciding(action, facts, scope);
      const decided = valueIn(rule, action, facts);
      return rule && decided !== undefined ? { value: decided, rule: rule.name } : undefined;
    },
    valuesOf<A extends ActionName>(action: A): ActionValue<A>[] {
      const given: (ActionValue<A> | undefined)[] = rules.map(({ actions }) => actions[action]);
      return given.filter((value) => value !== undefined);
    },
    looksAtUsers: rules.some(({ match }) => match.resolver || match.conditions?.some(({ section }) => section === 'userinfo')),
    looksAtClients: rules.some(({ match }) => asksForStanding(match.client)),
    demandShort: shortTextsOf(rules.flatMap(({ match }) => match.conditions ?? [])),
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
      const rule = deciding('push_provider', facts);
      const chosen = value('push_provider', facts);
      if (rule && chosen) return { providers: chosen, ...manner, because: 'policy', rule: rule.name };
      if (recorded !== undefined) return { providers: [recorded], ...manner, because: 'enrolment' };
      return fallback === undefined
        ? { providers: [], ...manner, because: 'none' }
        : { providers: [fallback], ...manner, because: 'default' };
    },
    explain: (facts) => compiled.map((each) => explanationOf(each, facts, (action) => deciding(action, facts))),
  };
}

/** The rules that have an action, in their order: a login asks about fifty actions, each of which few rules have. */
function byAction(compiled: readonly Compiled[]): Map<string, Compiled[]> {
  const index = new Map<string, Compiled[]>();
  for (const each of compiled) for (const action of Object.keys(each.rule.actions)) index.set(action, [...(index.get(action) ?? []), each]);
  return index;
}

/** What one rule does for a request; `deciding` is the rule that decides an action. */
function explanationOf({ rule, match }: Compiled, facts: Facts, deciding: (action: ActionName) => Rule | undefined): RuleExplanation {
  const mismatches = match.mismatches(facts);
  const known = Object.keys(rule.actions).filter(isActionName);
  const decided = mismatches.length > 0 ? [] : known.map((action) => ({ action, by: deciding(action) }));
  return {
    name: rule.name,
    scope: rule.scope,
    matched: mismatches.length === 0,
    mismatches,
    decides: decided.filter(({ by }) => by === rule).map(({ action }) => action),
    overruled: decided.flatMap(({ action, by }) => (by && by !== rule ? [{ action, by: by.name }] : [])),
  };
}
