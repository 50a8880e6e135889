import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeEach, changeToken } from './change-token.ts';

/** No failures, as a change of a push token. */
export const noFailures = { failCount: 0, exceededAt: null } as const;

/** Sets the fail count back to zero. Returns how many push tokens there were. */
export function resetFailures(parts: EngineParts, tokens: readonly PushToken[]): Promise<number> {
  return changeEach(parts, tokens, () => noFailures);
}

/** A push token at its maximum of failures is of no use until someone resets it, or the time for that is over. */
export const hasFailedTooOften = ({ failCount, maxFail }: PushToken): boolean => failCount >= maxFail;

/** Whether a push token failed too often, and not so long ago that its failures end by themselves. */
export const isShut = (parts: EngineParts, token: PushToken): boolean => hasFailedTooOften(token) && !isOver(parts, token);

/**
 * Push tokens as a next try finds them: failures that have ended by themselves are cleared, once whoever else tries at the same moment. Costs
 * nothing where there are none.
 * @see docs/protocols/privacyidea.md 8
 */
export async function withoutEnded(parts: EngineParts, tokens: readonly PushToken[]): Promise<PushToken[]> {
  const current = await Promise.all(tokens.map(async (token) => (isOver(parts, token) ? cleared(parts, token) : token)));
  return current.filter((token) => token !== undefined);
}

async function cleared(parts: EngineParts, token: PushToken): Promise<PushToken | undefined> {
  await changeToken(parts, token.serial, (now) => (isOver(parts, now) ? noFailures : undefined), { known: token });
  return parts.store.findToken(token.serial);
}

function isOver({ settings, clock }: EngineParts, token: PushToken): boolean {
  const { clearFailuresMs, lockout } = settings;
  const mayEnd = clearFailuresMs > 0 && lockout === 'token' && hasFailedTooOften(token);
  return mayEnd && token.exceededAt !== undefined && clock() >= token.exceededAt + clearFailuresMs;
}
