import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken } from '../records/change-token.ts';
import { hasActiveLock, hasFailedTooOften, withoutEnded } from '../records/failures.ts';
import { type GuessCheck, guessFrom, isKnownFrom, type PinCheck, type Typist } from './pins-per-source.ts';

/** A PIN to try on these push tokens, and its typist. */
export type Guess = { tokens: readonly PushToken[]; typist: Typist };

/**
 * Checks a PIN against every push token that has not failed too often. A PIN that is known to be right is not a guess.
 */
export async function checkPin(parts: EngineParts, guessed: Guess, pin: string): Promise<PinCheck> {
  const known = knownToMatch(parts, guessed, pin);
  return known.length > 0 ? { kind: 'checked', matching: known } : guessInTurn(parts, guessed, pinGuessCheck(parts, pin));
}

/** The push tokens that a PIN is known to match; none unless it matches all of them. */
function knownToMatch(parts: EngineParts, { tokens, typist }: Guess, pin: string): PushToken[] {
  if (parts.settings.lockout === 'source') return isKnownFrom(parts, typist, tokens, pin) ? [...tokens] : [];
  const open = tokens.filter((token) => !hasActiveLock(parts, token));
  const isKnown = (token: PushToken): boolean =>
    !hasFailedTooOften(token) && token.pinHash !== undefined && parts.passwords.remembers(pin, token.pinHash);
  const isCalm = !open.some((token) => parts.mutex.isBusy(mutexKeyOf(token)));
  return isCalm && open.every(isKnown) ? open : [];
}

/**
 * Checks a PIN against each push token. A wrong PIN costs one hash, however many tokens there are and whether they have
 * PINs.
 */
function pinGuessCheck(parts: EngineParts, pin: string): GuessCheck {
  const { passwords } = parts;
  const hashesOf = (tokens: readonly PushToken[]): string[] => tokens.flatMap(({ pinHash }) => pinHash ?? []);
  const rightFor = async (tokens: readonly PushToken[]): Promise<boolean[]> => {
    const hashes = hashesOf(tokens);
    const matching = await passwords.matchesEach(pin, hashes);
    const right = hashes.filter((_, index) => matching[index]);
    return tokens.map(({ pinHash }) => (pinHash === undefined ? pin === '' : right.includes(pinHash)));
  };
  return {
    spend: () => passwords.spend(pin),
    async matches(tokens) {
      const hashes = hashesOf(tokens);
      const right = await rightFor(tokens);
      if (hashes.length === 0 && pin !== '') await passwords.spend(pin);
      for (const [index, token] of tokens.entries())
        if (right[index] && token.pinHash !== undefined) await renew(parts, token, { pin, pinHash: token.pinHash, hashes });
      return right;
    },
    async matchesEvenly(tokens) {
      // A cached right PIN costs nothing, and a wrong one a hash, so spends a hash for the former.
      const isFree = hashesOf(tokens).every((hash) => passwords.remembers(pin, hash));
      const [right] = await Promise.all([rightFor(tokens), isFree ? passwords.spend(pin) : undefined]);
      return right;
    },
  };
}

type RightPin = { pin: string; pinHash: string; hashes: readonly string[] };

/**
 * Replaces a hash of another form of the same text, or with a salt that differs from the user's other hashes, by a new
 * one.
 */
async function renew(parts: EngineParts, token: PushToken, { pin, pinHash, hashes }: RightPin): Promise<void> {
  const renewed = await parts.passwords.renewed(pin, pinHash, hashes);
  const replaced = (now: PushToken) => (now.pinHash === pinHash && renewed !== undefined ? { pinHash: renewed } : undefined);
  if (renewed !== undefined) await changeToken(parts, token.serial, replaced, { known: token });
}

/**
 * One guess at push tokens, after earlier guesses at the same ones. It is checked once, unless all tokens failed too
 * often before.
 */
export async function guessInTurn(parts: EngineParts, guessed: Guess, check: GuessCheck): Promise<PinCheck> {
  const { tokens, typist } = guessed;
  if (parts.settings.lockout === 'source') return guessFrom(parts, typist, tokens, check);
  const [first = tokens[0]] = tokens.filter((token) => !hasActiveLock(parts, token));
  return first ? parts.mutex(mutexKeyOf(first), () => guess(parts, tokens, check)) : { kind: 'exceeded' };
}

const mutexKeyOf = ({ serial }: PushToken): string => `pin ${serial}`;

async function guess(parts: EngineParts, tokens: readonly PushToken[], { matches, spend }: GuessCheck): Promise<PinCheck> {
  const { store, settings, clock, pinFailures } = parts;
  const now = await Promise.all(tokens.map(({ serial }) => store.findToken(serial)));
  const current = await withoutEnded(
    parts,
    now.filter((token) => token !== undefined),
  );
  const open = current.filter((token) => !hasFailedTooOften(token));
  if (open.length === 0) {
    await spend();
    if (settings.countWrongPins) await pinFailures.pretend('');
    return { kind: 'exceeded' };
  }
  const right = await matches(open);
  const matching = open.filter((_, index) => right[index]);
  const serials = open.map(({ serial }) => serial);
  if (matching.length === 0 && settings.countWrongPins) await store.countFailure(serials, clock());
  return { kind: 'checked', matching };
}

/** {@link Pins.isLocked}. */
export const isLocked = (parts: EngineParts, token: PushToken): boolean =>
  parts.settings.lockout === 'token' && hasActiveLock(parts, token);

/** Longest PIN; hashing a longer text would cost more than any typed PIN needs. */
export const longestPin = 256;
