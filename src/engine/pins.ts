import type { PushToken } from '../foundation/model/index.ts';
import type { EngineParts } from './parts.ts';

/** The push tokens sorted by what a PIN did to them: `matching` may be used, `exceeded` had the right PIN but failed too often before. */
export type PinCheck = { matching: PushToken[]; exceeded: PushToken[] };

/** Checks one PIN against every push token. Where none matches, each of them counts a failure. @see docs/protocols/privacyidea.md 8 */
export async function checkPin({ passwords, store }: EngineParts, tokens: readonly PushToken[], pin: string): Promise<PinCheck> {
  const right: PushToken[] = [];
  for (const token of tokens) {
    const matches = token.pinHash === undefined ? pin === '' : await passwords.matches(pin, token.pinHash);
    if (matches) right.push(token);
  }
  if (right.length === 0) await store.countFailure(tokens.map(({ serial }) => serial));
  return { matching: right.filter((token) => !hasFailedTooOften(token)), exceeded: right.filter(hasFailedTooOften) };
}

/** A push token at its maximum of failures is of no use until someone resets it. */
export const hasFailedTooOften = ({ failCount, maxFail }: PushToken): boolean => failCount >= maxFail;

/** A push token that may be asked now: bound to a phone, enabled, not revoked, inside its validity. */
export function isUsable(token: PushToken, now: number): boolean {
  const inTime = (token.validFrom === undefined || now >= token.validFrom) && (token.validUntil === undefined || now < token.validUntil);
  return token.rollout === 'enrolled' && token.enabled && !token.revoked && inTime;
}
