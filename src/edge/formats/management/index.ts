export {
  type AuditParams,
  auditParams,
  readAuditParams,
  shownEntry,
  strangeCursor,
  timeOf,
} from './audit-query.ts';
export { iso, isoOr, nameField } from './fields.ts';
export { checkProvider, explainPolicies, limitFacts, policyQuestion, providerFacts } from './gateway-facts.ts';
export { addressesOf, notEnabled, type TokenListWish, tokenFacts, tokenFilter, tokenRow } from './token-facts.ts';
