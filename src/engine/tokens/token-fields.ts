import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeEach, type TokenAction } from '../records/change-token.ts';

/**
 * Fields that administrators may set. Absent: unchanged; `null`: no limit. Times are epoch ms; `validUntil` is
 * exclusive.
 */
export type TokenFields = {
  description?: string;
  maxFail?: number;
  validFrom?: number | null;
  validUntil?: number | null;
  realms?: string[];
};

/** {@link TokenAdministration.setFields}. */
export function setFields(parts: EngineParts, tokens: readonly PushToken[], fields: TokenFields, act: TokenAction): Promise<number> {
  return changeEach(parts, tokens, (token) => ({ ...fields, ...maximumReached(parts, token, fields) }), act);
}

/** With another maximum, a push token may now have failed too often, or no longer. */
function maximumReached({ clock }: EngineParts, { failCount, exceededAt }: PushToken, { maxFail }: TokenFields): PushTokenChange {
  if (maxFail === undefined) return {};
  return failCount < maxFail ? { exceededAt: null } : { exceededAt: exceededAt ?? clock() };
}
