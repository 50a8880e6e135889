import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeEach, changeToken } from './change-token.ts';

/** The change of a push token that clears its failures. */
export const noFailures = { failCount: 0, exceededAt: null } as const;

/** Clears the fail counts. Returns the number of push tokens. */
export function resetFailures(parts: EngineParts, tokens: readonly PushToken[]): Promise<number> {
  return changeEach(parts, tokens, () => noFailures);
}

/**
 * Whether a push token has reached its maximum of failures: it is unusable until a reset, or until the failures expire.
 */
export const hasFailedTooOften = ({ failCount, maxFail }: PushToken): boolean => failCount >= maxFail;

/** Whether a push token failed too often, and its failures have not expired. */
export const hasActiveLock = (parts: EngineParts, token: PushToken): boolean => hasFailedTooOften(token) && !isOver(parts, token);

/**
 * The push tokens with expired failures cleared, once even with concurrent callers. Costs nothing if there are none.
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
