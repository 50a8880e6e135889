import type { AuditTrail } from '../../src/engine/audit/index.ts';
import type { Store } from '../../src/store/store.ts';

/** A stand-in for the audit in tests that do not look at it: it removes effects at once. */
export const withoutAudit = (store?: Store): Pick<AuditTrail, 'chain' | 'seal' | 'removeStored'> => ({
  seal: ({ id, at, event }) => ({ id, at, text: JSON.stringify(event) }),
  chain: () => undefined,
  removeStored: (transaction, effects) => void store?.removeEffects(transaction, effects),
});
