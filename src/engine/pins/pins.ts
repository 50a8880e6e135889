import type { PushToken } from '../../foundation/model/index.ts';
import { failuresOfAll } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken } from '../records/change-token.ts';
import { hasFailedTooOften, isShut, withoutEnded } from '../records/failures.ts';
import { guessFrom, isKnownFrom, type PinCheck } from './pins-per-network.ts';

/** {@link Pins.check}. */
export async function checkPin(parts: EngineParts, tokens: readonly PushToken[], pin: string, client: string): Promise<PinCheck> {
  if (parts.guesses.lockout === 'source') {
    if (isKnownFrom(parts, client, tokens, pin)) return { kind: 'checked', matching: [...tokens] };
    return guessFrom(parts, client, tokens, pinOpens(parts, pin));
  }
  const open = tokens.filter((token) => !isShut(parts, token));
  if (open.length === 0) return { kind: 'exceeded' };
  const known = open
    .filter((token) => !hasFailedTooOften(token))
    .filter(({ pinHash }) => pinHash !== undefined && parts.passwords.remembers(pin, pinHash));
  const isCalm = !open.some((token) => parts.turns.isBusy(turnOf(token)));
  if (isCalm && known.length > 0 && known.length === open.length) return { kind: 'checked', matching: known };
  return guessInTurn(parts, { tokens: open, client }, pinOpens(parts, pin));
}

/** Which of these push tokens a guess opens, in their order. */
export type Opens = (open: readonly PushToken[]) => Promise<readonly boolean[]>;

/** Whether a PIN is that of each push token. */
const pinOpens =
  (parts: EngineParts, pin: string): Opens =>
  (open) =>
    Promise.all(open.map((token) => isPinOf(parts, token, pin)));

/** Whether a PIN is that of a push token. One whose hash was made of another form of the same text gets a new hash. */
async function isPinOf(parts: EngineParts, token: PushToken, pin: string): Promise<boolean> {
  const { pinHash } = token;
  if (pinHash === undefined) return pin === '';
  if (!(await parts.passwords.matches(pin, pinHash))) return false;
  const renewed = await parts.passwords.renewed(pin, pinHash);
  const replaced = (now: PushToken) => (now.pinHash === pinHash && renewed !== undefined ? { pinHash: renewed } : undefined);
  if (renewed !== undefined) await changeToken(parts, token.serial, replaced, { known: token });
  return true;
}

/** One guess at push tokens, after those that others make at the same ones. `opens` is asked once, unless all of them failed too often before. */
export async function guessInTurn(
  parts: EngineParts,
  { tokens, client }: { tokens: readonly PushToken[]; client: string },
  opens: Opens,
): Promise<PinCheck> {
  if (parts.guesses.lockout === 'source') return guessFrom(parts, client, tokens, opens);
  const open = tokens.filter((token) => !isShut(parts, token));
  const [first] = open;
  return first ? parts.turns(turnOf(first), () => guess(parts, open, opens)) : { kind: 'exceeded' };
}

const turnOf = ({ serial }: PushToken): string => `pin ${serial}`;

async function guess(parts: EngineParts, tokens: readonly PushToken[], opens: Opens): Promise<PinCheck> {
  const { store, settings, clock } = parts;
  const now = await Promise.all(tokens.map(({ serial }) => store.findToken(serial)));
  const current = await withoutEnded(
    parts,
    now.filter((token) => token !== undefined),
  );
  const open = current.filter((token) => !hasFailedTooOften(token));
  if (open.length === 0) return { kind: 'exceeded' };
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
