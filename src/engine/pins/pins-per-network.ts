import type { PushToken } from '../../foundation/model/index.ts';
import { failureCeiling, failuresOfAll, type Guessed } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import { resetFailures, withoutEnded } from '../records/failures.ts';

/**
 * What a PIN came to: the push tokens it opens; `exceeded`: all of them failed too often before, and the PIN was not even looked at, in the time of a wrong
 * one. `isTold`: that may be said, since it is told of whoever has a push token; else it reads like a wrong PIN.
 */
export type PinCheck = { kind: 'checked'; matching: PushToken[] } | { kind: 'exceeded'; isTold: boolean };

type Named = Pick<PushToken, 'serial' | 'createdAt' | 'resets'>;

/** What guesses at a push token are counted under: another name after each reset, and for a later token of the same serial. */
export const guessName = ({ serial, createdAt, resets = 0 }: Named): string => `${serial} ${createdAt} ${resets}`;

/** A push token as the limits of guesses count it. */
export const guessedAt = (token: PushToken): Guessed => ({ name: guessName(token), limit: token.maxFail, failures: token.failCount });

/**
 * Whether a PIN is known to be right for all of these push tokens, which have few failures, and comes from a network that was right here lately
 * and does not wait. It costs nothing. Any other network takes a try first: only the store knows whether it has one.
 */
export function isKnownFrom({ guesses, passwords }: EngineParts, client: string, tokens: readonly PushToken[], pin: string): boolean {
  const isCalm = (token: PushToken): boolean =>
    token.failCount < Math.min(token.maxFail, failuresOfAll) && guesses.isTrusted(guessName(token), client);
  const isKnown = ({ pinHash }: PushToken): boolean => (pinHash === undefined ? pin === '' : passwords.remembers(pin, pinHash));
  return tokens.length > 0 && tokens.every((token) => isCalm(token) && isKnown(token));
}

/** How a guess is looked at: `opens` says which of these push tokens it opens; `spend` costs the same and looks at none. */
export type Look = { opens: (open: readonly PushToken[]) => Promise<readonly boolean[]>; spend: () => Promise<void> };

/**
 * One guess where failures count per push token and network. A try is taken first, and none is left for a network that waits, whatever it guesses: then
 * nothing is looked at.
 */
export async function guessFrom(parts: EngineParts, client: string, tokens: readonly PushToken[], look: Look): Promise<PinCheck> {
  const [first] = tokens;
  return first ? parts.guesses.inTurn(guessName(first), client, () => guess(parts, client, tokens, look)) : quietly;
}

const quietly: PinCheck = { kind: 'exceeded', isTold: false };

async function guess(parts: EngineParts, client: string, tokens: readonly PushToken[], { opens, spend }: Look): Promise<PinCheck> {
  const { store, guesses, settings, clock } = parts;
  const now = (await Promise.all(tokens.map(({ serial }) => store.findToken(serial)))).filter((token) => token !== undefined);
  const names = await guesses.take(now.map(guessedAt), client);
  const open = now.filter((token) => names.includes(guessName(token)));
  if (open.length === 0) {
    await spend();
    if (settings.countWrongPins) await guesses.pretend('', client);
    return quietly;
  }
  const right = await opens(open);
  const matching = open.filter((_, index) => right[index]);
  if (matching.length > 0) await guesses.giveBack(names, client);
  else if (settings.countWrongPins)
    await store.countFailure(
      open.map(({ serial }) => serial),
      clock(),
      failureCeiling,
    );
  return { kind: 'checked', matching };
}

/** {@link Pins.countFailures}. */
export async function countFailures(parts: EngineParts, tokens: readonly PushToken[], client: string): Promise<void> {
  const { store, guesses, clock } = parts;
  const serials = (await withoutEnded(parts, tokens)).map(({ serial }) => serial);
  if (guesses.lockout === 'token') return store.countFailure(serials, clock());
  await Promise.all([store.countFailure(serials, clock(), failureCeiling), guesses.take(tokens.map(guessedAt), client)]);
}

/** {@link Pins.forgiveAll}. */
export async function forgiveAll(parts: EngineParts, tokens: readonly PushToken[], client: string): Promise<void> {
  await resetFailures(parts, tokens);
  await forgetNetwork(parts, tokens, client);
}

/** {@link Pins.forgetNetwork}. */
export async function forgetNetwork({ guesses }: EngineParts, tokens: readonly PushToken[], client: string): Promise<void> {
  if (guesses.lockout === 'source' && tokens.length > 0) await guesses.forget(tokens.map(guessName), client);
}
