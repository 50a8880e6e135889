import type { PushToken, PushTokenChange } from '../foundation/model/index.ts';
import { applyEvent } from './apply.ts';
import { changeToken } from './change-token.ts';
import type { EngineParts } from './parts.ts';

/** Which push tokens a call of the administration is about. */
export type TokenSelection = { serial: string } | { user: string; realm: string };

/** The push tokens of a selection; empty when there are none. */
export async function selectTokens({ store }: EngineParts, selection: TokenSelection): Promise<PushToken[]> {
  if (!('serial' in selection)) return store.tokensOf(selection.user, selection.realm);
  const token = await store.findToken(selection.serial);
  return token ? [token] : [];
}

/** Enables or disables; only bound push tokens can be enabled. Returns how many changed. */
export function setEnabled(parts: EngineParts, tokens: readonly PushToken[], enabled: boolean): Promise<number> {
  return changeEach(parts, tokens, (token) =>
    token.enabled === enabled || (enabled && token.rollout !== 'enrolled') ? undefined : { enabled },
  );
}

/** Sets the fail count back to zero. Returns how many push tokens there were. */
export function resetFailures(parts: EngineParts, tokens: readonly PushToken[]): Promise<number> {
  return changeEach(parts, tokens, () => ({ failCount: 0 }));
}

/** Sets or, with the empty PIN, removes the PIN. Returns how many push tokens there were. */
export async function setPin(parts: EngineParts, tokens: readonly PushToken[], pin: string): Promise<number> {
  const pinHash = pin === '' ? null : await parts.passwords.hash(pin);
  return changeEach(parts, tokens, () => ({ pinHash }));
}

async function changeEach(
  parts: EngineParts,
  tokens: readonly PushToken[],
  change: (token: PushToken) => PushTokenChange | undefined,
): Promise<number> {
  let changed = 0;
  for (const token of tokens) if ((await changeToken(parts, token.serial, change, token)) === 'changed') changed += 1;
  return changed;
}

/**
 * Removes a push token; true when there was one. What is open for it is withdrawn, and could not be answered by a later token of the same
 * serial either: a challenge belongs to one phone.
 */
export async function removeToken(parts: EngineParts, serial: string): Promise<boolean> {
  const open = await parts.store.openTransactionsOf(serial, parts.clock());
  const was = await parts.store.removeToken(serial);
  for (const transaction of open) {
    const isAlone = transaction.decision.challenges.every((challenge) => challenge.serial === serial);
    if (isAlone) await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
  }
  return was;
}
