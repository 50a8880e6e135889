import { foldedKey } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { spendCheck, type TypedPin, typistOfPin } from './login-pin.ts';
import { guessForUnknownUser } from './pins-per-source.ts';

/** {@link Pins.equalizeTiming}. */
export async function equalizePinTiming(parts: EngineParts, typed: TypedPin): Promise<'checked' | 'quiet'> {
  const { pin, rule } = typed;
  // Any PIN, or none, is accepted there, so the reply itself reveals whether there is a push token.
  if (rule === 'any' || (rule === 'none' && pin === '')) return 'checked';
  if (parts.settings.lockout === 'source') {
    const typist = { ...typistOfPin(parts, typed, []), serial: typed.serial };
    return guessForUnknownUser(parts, typist, () => spendCheck(parts, typed));
  }
  const name = `no token ${foldedKey({ user: typed.user, realm: typed.realm })}`;
  await parts.mutex(name, () => spend(parts, name, typed));
  return 'checked';
}

/** Reads, writes and hashes as often as one wrong guess at one push token does. */
async function spend(parts: EngineParts, name: string, typed: TypedPin): Promise<void> {
  await parts.store.findToken(name);
  await spendCheck(parts, typed);
  if (parts.settings.countWrongPins) await parts.pinFailures.pretend(name);
}
