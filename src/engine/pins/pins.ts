import type { PushToken } from '../../foundation/model/index.ts';
import { failuresOfAll } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken } from '../records/change-token.ts';
import { hasFailedTooOften, isShut, withoutEnded } from '../records/failures.ts';
import { guessFrom, isKnownFrom, type Look, type PinCheck } from './pins-per-network.ts';

/** {@link Pins.check}. */
export async function checkPin(parts: EngineParts, tokens: readonly PushToken[], pin: string, client: string): Promise<PinCheck> {
  if (parts.guesses.lockout === 'source') {
    if (isKnownFrom(parts, client, tokens, pin)) return { kind: 'checked', matching: [...tokens] };
    return guessFrom(parts, client, tokens, lookAtPin(parts, pin));
  }
  const open = tokens.filter((token) => !isShut(parts, token));
  const known = open
    .filter((token) => !hasFailedTooOften(token))
    .filter(({ pinHash }) => pinHash !== undefined && parts.passwords.remembers(pin, pinHash));
  const isCalm = !open.some((token) => parts.turns.isBusy(turnOf(token)));
  if (isCalm && known.length > 0 && known.length === open.length) return { kind: 'checked', matching: known };
  return guessInTurn(parts, { tokens, client }, lookAtPin(parts, pin));
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
  const { tokens, client } = guessed;
  if (parts.guesses.lockout === 'source') return guessFrom(parts, client, tokens, look);
  const [first = tokens[0]] = tokens.filter((token) => !isShut(parts, token));
  return first ? parts.turns(turnOf(first), () => guess(parts, guessed, look)) : openly;
}

type Guess = { tokens: readonly PushToken[]; client: string };
const openly: PinCheck = { kind: 'exceeded', isTold: true };

const turnOf = ({ serial }: PushToken): string => `pin ${serial}`;

async function guess(parts: EngineParts, { tokens, client }: Guess, { opens, spend }: Look): Promise<PinCheck> {
  const { store, settings, clock, guesses } = parts;
  const now = await Promise.all(tokens.map(({ serial }) => store.findToken(serial)));
  const current = await withoutEnded(
    parts,
    now.filter((token) => token !== undefined),
  );
  const open = current.filter((token) => !hasFailedTooOften(token));
  if (open.length === 0) {
    await spend();
    if (settings.countWrongPins) await guesses.pretend('', client);
    return openly;
  }
  const right = await opens(open);
  const matching = open.filter((_, index) => right[index]);
  const serials = open.map(({ serial }) => serial);
  if (matching.length === 0 && settings.countWrongPins) await store.countFailure(serials, clock());
  return { kind: 'checked', matching };
}

/** {@link Pins.isLocked}. */
export const isLocked = (parts: EngineParts, token: PushToken): boolean =>
  parts.guesses.lockout === 'source' ? token.failCount >= failuresOfAll : isShut(parts, token);

/** A longer PIN is none: hashing it would cost more than anybody types. */
export const longestPin = 256;
