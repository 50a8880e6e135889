import type { PushToken, PushTokenChange, Transaction } from '../../foundation/model/index.ts';
import { applyEvent } from '../decisions/apply.ts';
import type { EngineParts } from '../parts.ts';
import { sourceOf } from '../people/person.ts';
import { type Asked, pinHashesOf, tokensNamed } from '../people/person-key.ts';
import { endFailures } from '../pins/pins-per-source.ts';
import { changeEach, type TokenAction } from '../records/change-token.ts';
import { noFailures } from '../records/failures.ts';

/** The push tokens of an administrative call. */
export type TokenSelection = { serial: string } | Asked;

/** {@link PushTokens.select}. */
export async function selectTokens(parts: EngineParts, selection: TokenSelection): Promise<PushToken[]> {
  if (!('serial' in selection)) return tokensNamed(parts, selection);
  const token = await parts.store.findToken(selection.serial);
  return token ? [token] : [];
}

/** {@link TokenAdministration.setEnabled}. */
export function setEnabled(parts: EngineParts, tokens: readonly PushToken[], enabled: boolean, act: TokenAction): Promise<number> {
  const change = (token: PushToken): PushTokenChange | undefined =>
    token.enabled === enabled || (enabled && (token.rollout !== 'enrolled' || token.revoked)) ? undefined : { enabled };
  return changeEach(parts, tokens, change, act);
}

/** {@link TokenAdministration.reset}. */
export async function resetTokens(parts: EngineParts, tokens: readonly PushToken[], act: TokenAction): Promise<number> {
  await endFailures(parts, tokens);
  return changeEach(parts, tokens, () => noFailures, act);
}

/** {@link TokenAdministration.setPin}. */
export async function setPin(parts: EngineParts, tokens: readonly PushToken[], pin: string, act: TokenAction): Promise<number> {
  const serials = tokens.map(({ serial }) => serial);
  const pinHash = pin === '' ? null : await parts.passwords.hash(pin, await pinHashesOf(parts, tokens[0]?.owner, serials));
  return changeEach(parts, tokens, () => ({ pinHash }), act);
}

/** {@link TokenAdministration.revoke}. */
export async function revokeTokens(parts: EngineParts, tokens: readonly PushToken[], act: TokenAction): Promise<number> {
  const revoked = await changeEach(parts, tokens, () => ({ revoked: true, enabled: false }), act);
  for (const { serial } of tokens) await withdrawOpen(parts, serial);
  return revoked;
}

/** {@link TokenAdministration.noteInfo}. */
export function noteInfo(
  parts: EngineParts,
  tokens: readonly PushToken[],
  [key, value]: [key: string, value: string | null],
  act: TokenAction,
): Promise<number> {
  const change = ({ info = {} }: PushToken): PushTokenChange => {
    const { [key]: _was, ...others } = info;
    return { info: value === null ? others : { ...others, [key]: value } };
  };
  return changeEach(parts, tokens, change, act);
}

/** {@link TokenAdministration.allowPolling}. */
export function allowPolling(parts: EngineParts, tokens: readonly PushToken[], value: string | null, act: TokenAction): Promise<number> {
  const change = ({ phone }: PushToken): PushTokenChange => {
    const { pollingAllowed: _was, ...others } = phone.part;
    return { phone: { ...phone, part: value === null ? others : { ...others, pollingAllowed: value } } };
  };
  return changeEach(parts, tokens, change, act);
}

/**
 * Removes a push token; true if it existed. Open challenges are withdrawn; a later token of the same serial could not
 * answer them either, because a challenge belongs to one phone.
 */
export async function removeToken(parts: EngineParts, token: Pick<PushToken, 'serial' | 'owner'>, act: TokenAction): Promise<boolean> {
  const { serial } = token;
  const open = await parts.store.openTransactionsOf(serial, parts.clock());
  const noted = act.noteFor(token);
  const was = await parts.store.removeToken(serial, noted?.note);
  if (was && noted) act.done(noted);
  await endFailures(parts, [token]);
  await withdrawEach(parts, serial, open);
  return was;
}

/** {@link TokenAdministration.remove}. */
export async function removeTokens(parts: EngineParts, tokens: readonly PushToken[], act: TokenAction): Promise<number | 'several-users'> {
  const sources = new Set(tokens.flatMap(({ owner }) => sourceOf(parts, owner) ?? []));
  if (sources.size > 1) return 'several-users';
  const removed = await Promise.all(tokens.map((token) => removeToken(parts, token, act)));
  return removed.filter(Boolean).length;
}

const withdrawOpen = async (parts: EngineParts, serial: string): Promise<void> =>
  withdrawEach(parts, serial, await parts.store.openTransactionsOf(serial, parts.clock()));

/** Withdraws transactions that only this push token could answer; those with other phones of the user continue. */
async function withdrawEach(parts: EngineParts, serial: string, open: readonly Transaction[]): Promise<void> {
  for (const transaction of open) {
    const isAlone = transaction.decision.challenges.every((challenge) => challenge.serial === serial);
    if (isAlone) await applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' });
  }
}
