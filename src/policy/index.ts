export type { ActionName, ActionValue, Permission, Scope } from './actions.ts';
export { addressMatch } from './address-match.ts';
export { checkPolicies, type KnownNames, type PolicyProblem } from './check.ts';
export type { Facts } from './match.ts';
export { notNormal } from './normal-url.ts';
export { type DeliveryPlan, openPolicy, type PlanDefaults, type Policy } from './policy.ts';
export { type Rule, ruleConfig } from './rule.ts';
export { isInTime, readTimeRanges, weekMoment } from './time-match.ts';
