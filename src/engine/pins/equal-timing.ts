import { foldedKey } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { spendCheck, type TypedPin } from './login-pin.ts';

/** {@link Pins.equalizeTiming}. */
export async function spendLikePin(parts: EngineParts, typed: TypedPin): Promise<void> {
  const { user, realm, rule, pin, client } = typed;
  // Anything is a PIN there, or nothing is: who has a push token is told by more than time.
  if (rule === 'any' || (rule === 'none' && pin === '')) return;
  const name = `no token ${foldedKey({ user, realm })}`;
  const { turns, guesses } = parts;
  if (guesses.lockout === 'source') await guesses.inTurn(name, client, () => spend(parts, name, typed));
  else await turns(name, () => spend(parts, name, typed));
}

/** Reads, writes and hashes as often as one wrong guess at one push token does. */
async function spend(parts: EngineParts, name: string, typed: TypedPin): Promise<void> {
  const { store, guesses, settings } = parts;
  await store.findToken(name);
  if (guesses.lockout === 'source') await guesses.pretend(name, typed.client);
  await spendCheck(parts, typed);
  if (settings.countWrongPins) await guesses.pretend(name, typed.client);
}
