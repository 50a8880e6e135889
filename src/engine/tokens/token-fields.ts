import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeEach, type TokenAction } from '../records/change-token.ts';

/** What administrators say of push tokens; absent: as it is, `null`: no limit. Moments are epoch ms; `validUntil` is the first at which it is over. */
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

/** By another maximum a push token may have failed too often from now on, or no more. */
function maximumReached({ clock }: EngineParts, { failCount, exceededAt }: PushToken, { maxFail }: TokenFields): PushTokenChange {
  if (maxFail === undefined) return {};
  return failCount < maxFail ? { exceededAt: null } : { exceededAt: exceededAt ?? clock() };
}
