import { type ActionName, type ActionValue, actions, isActionName, type Permission, type Scope } from './actions.ts';
import { compileMatch, type Facts } from './match.ts';
import type { Rule } from './rule.ts';

/** How a push is to go out: providers in the order they are tried, one deadline for all (ms), and who said so. */
export type DeliveryPlan = { providers: string[]; deadlineMs: number; because: 'policy' | 'enrolment' | 'default' | 'none'; rule?: string };

/** What a plan falls back to: the provider recorded with the token, the default one, and the usual deadline. */
export type PlanDefaults = { recorded?: string; fallback?: string; defaultDeadlineMs: number };

/** What the rules say. For each action the first rule that matches and has it decides. */
export type Policy = {
  value<A extends ActionName>(action: A, facts: Facts): ActionValue<A> | undefined;
  /** Whether a permission of scope `admin` is given: always while no rule of that scope exists. */
  permits(action: Permission, facts: Facts): boolean;
  planDelivery(facts: Facts, defaults: PlanDefaults): DeliveryPlan;
};

/** Reads the rules once. */
export function openPolicy(rules: readonly Rule[]): Policy {
  const compiled = rules.map((rule) => ({ rule, matches: compileMatch(rule.match) }));
  const deciding = (action: ActionName, facts: Facts): Rule | undefined => {
    const scopes: readonly Scope[] = actions[action].scopes;
    const fits = ({ scope }: Rule): boolean =>
      (facts.scope === undefined || scopes.includes(facts.scope)) &&
      (scope === undefined || facts.scope === undefined || scope === facts.scope);
    return compiled.find(({ rule, matches }) => Object.hasOwn(rule.actions, action) && fits(rule) && matches(facts))?.rule;
  };
  const value = <A extends ActionName>(action: A, facts: Facts): ActionValue<A> | undefined => deciding(action, facts)?.actions[action];
  const hasAdminRules = rules.some(({ scope, actions: given }) => scope === 'admin' || Object.keys(given).some(isPermission));
  return {
    value,
    permits: (action, facts) => !hasAdminRules || value(action, { ...facts, scope: 'admin' }) === true,
    planDelivery(facts, { recorded, fallback, defaultDeadlineMs }) {
      const authentication = { ...facts, scope: 'authentication' as const };
      const deadlineMs = value('push_deadline_ms', authentication) ?? defaultDeadlineMs;
      const rule = deciding('push_provider', authentication);
      const chosen = value('push_provider', authentication);
      if (rule && chosen) return { providers: chosen, deadlineMs, because: 'policy', rule: rule.name };
      if (recorded !== undefined) return { providers: [recorded], deadlineMs, because: 'enrolment' };
      return fallback === undefined
        ? { providers: [], deadlineMs, because: 'none' }
        : { providers: [fallback], deadlineMs, because: 'default' };
    },
  };
}

const isPermission = (name: string): boolean => isActionName(name) && actions[name].scopes.some((scope) => scope === 'admin');
