import type { AuditTrail } from '../../src/engine/audit/index.ts';
import type { Store } from '../../src/store/store.ts';

/** In the place of an audit, where none is looked at: effects are taken off at once. */
export const withoutAudit = (store?: Store): Pick<AuditTrail, 'chain' | 'seal' | 'removeStored'> => ({
  seal: ({ id, at, event }) => ({ id, at, text: JSON.stringify(event) }),
  chain: () => undefined,
  removeStored: (transaction, effects) => void store?.removeEffects(transaction, effects),
});
