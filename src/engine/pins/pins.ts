import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken } from '../records/change-token.ts';
import { hasFailedTooOften, isShut, withoutEnded } from '../records/failures.ts';
import { guessFrom, isKnownFrom, type Look, type PinCheck, type Typist } from './pins-per-source.ts';

/** A PIN that is tried on these push tokens, and who typed it. */
export type Guess = { tokens: readonly PushToken[]; typist: Typist };

/** Checks one PIN against every push token that has not failed too often. */
export async function checkPin(parts: EngineParts, guessed: Guess, pin: string): Promise<PinCheck> {
  const { tokens, typist } = guessed;
  const look = lookAtPin(parts, pin);
  if (parts.settings.lockout === 'source') {
    if (isKnownFrom(parts, typist, tokens, pin)) return { kind: 'checked', matching: [...tokens] };
    return guessFrom(parts, typist, tokens, look);
  }
  const open = tokens.filter((token) => !isShut(parts, token));
  const known = open
    .filter((token) => !hasFailedTooOften(token))
    .filter(({ pinHash }) => pinHash !== undefined && parts.passwords.remembers(pin, pinHash));
  const isCalm = !open.some((token) => parts.turns.isBusy(turnOf(token)));
  if (isCalm && known.length > 0 && known.length === open.length) return { kind: 'checked', matching: known };
  return guessInTurn(parts, guessed, look);
}

/** Looks whether a PIN is that of each push token. However many there are, and whether they have PINs at all, a wrong one costs one hash. */
const lookAtPin = (parts: EngineParts, pin: string): Look => ({
  spend: () => parts.passwords.spend(pin),
  async opens(open) {
    const { passwords } = parts;
    const hashes = open.flatMap(({ pinHash }) => pinHash ?? []);
    const matching = await passwords.matchesEach(pin, hashes);
    if (hashes.length === 0 && pin !== '') await passwords.spend(pin);
    const right = hashes.filter((_, index) => matching[index]);
    for (const token of open)
      if (token.pinHash !== undefined && right.includes(token.pinHash)) await renew(parts, token, { pin, pinHash: token.pinHash, hashes });
    return open.map(({ pinHash }) => (pinHash === undefined ? pin === '' : right.includes(pinHash)));
  },
  async opensEvenly(open) {
    const { passwords } = parts;
    const hashes = open.flatMap(({ pinHash }) => pinHash ?? []);
    // What is remembered costs nothing, and what is wrong a hash.
    const isFree = hashes.every((hash) => passwords.remembers(pin, hash));
    const [matching] = await Promise.all([passwords.matchesEach(pin, hashes), isFree ? passwords.spend(pin) : undefined]);
    const right = hashes.filter((_, index) => matching[index]);
    return open.map(({ pinHash }) => (pinHash === undefined ? pin === '' : right.includes(pinHash)));
  },
});

type RightPin = { pin: string; pinHash: string; hashes: readonly string[] };

/** A hash that was made of another form of the same text, or with another salt than those of the same user, gives way to a new one. */
async function renew(parts: EngineParts, token: PushToken, { pin, pinHash, hashes }: RightPin): Promise<void> {
  const renewed = await parts.passwords.renewed(pin, pinHash, hashes);
  const replaced = (now: PushToken) => (now.pinHash === pinHash && renewed !== undefined ? { pinHash: renewed } : undefined);
  if (renewed !== undefined) await changeToken(parts, token.serial, replaced, { known: token });
}

/** One guess at push tokens, after those that others make at the same ones. It is looked at once, unless all of them failed too often before. */
export async function guessInTurn(parts: EngineParts, guessed: Guess, look: Look): Promise<PinCheck> {
  const { tokens, typist } = guessed;
  if (parts.settings.lockout === 'source') return guessFrom(parts, typist, tokens, look);
  const [first = tokens[0]] = tokens.filter((token) => !isShut(parts, token));
  return first ? parts.turns(turnOf(first), () => guess(parts, tokens, look)) : { kind: 'exceeded' };
}

const turnOf = ({ serial }: PushToken): string => `pin ${serial}`;

async function guess(parts: EngineParts, tokens: readonly PushToken[], { opens, spend }: Look): Promise<PinCheck> {
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
  const right = await opens(open);
  const matching = open.filter((_, index) => right[index]);
  const serials = open.map(({ serial }) => serial);
  if (matching.length === 0 && settings.countWrongPins) await store.countFailure(serials, clock());
  return { kind: 'checked', matching };
}

/** {@link Pins.isLocked}. */
export const isLocked = (parts: EngineParts, token: PushToken): boolean => parts.settings.lockout === 'token' && isShut(parts, token);

/** A longer PIN is none: hashing it would cost more than anybody types. */
export const longestPin = 256;
