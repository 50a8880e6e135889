import { createHmac, randomInt } from 'node:crypto';
import { equalText } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { Challenge } from '../../foundation/model/index.ts';
import { manyOptions } from '../../policy/index.ts';

/** What the user has to do on the phone: say yes or no, pick the option that the login page shows, or read a code and type it there. */
export type Ask = { mode: 'confirm' } | { mode: 'presence'; options: readonly string[]; right: string } | { mode: 'code'; digits: number };

/** A plain yes or no. */
export const askToConfirm: Ask = { mode: 'confirm' };

/** How often a user may be wrong, in all, before a challenge is locked. Of few options blind tapping finds the right one too often with a second pick. */
function mostWrongOf(ask: Ask): number {
  switch (ask.mode) {
    case 'confirm':
      return 1;
    case 'presence':
      return ask.options.length < manyOptions ? 1 : 2;
    case 'code':
      return 3;
    default:
      return ask satisfies never;
  }
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const numbers = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** Where presence options come from. */
export type OptionSource = 'ALPHABETIC' | 'NUMERIC' | readonly string[];

/** Draws `count` different options (fewer where the source has fewer) in random order, and which of them is right. */
export function askForPresence(source: OptionSource, count: number): Ask {
  const pool = source === 'ALPHABETIC' ? [...letters] : source === 'NUMERIC' ? [...numbers] : [...source];
  const options = Array.from({ length: Math.min(count, pool.length) }, () => pool.splice(randomInt(pool.length), 1)[0] ?? '');
  return { mode: 'presence', options, right: options[randomInt(options.length)] ?? '' };
}

/** What a challenge keeps of its ask. */
export function askedFields(ask: Ask, { currentKeyId }: Keyring): Pick<Challenge, 'mode' | 'maxWrong' | 'rightOption' | 'code'> {
  return {
    mode: ask.mode,
    maxWrong: mostWrongOf(ask),
    ...(ask.mode === 'presence' ? { rightOption: ask.right } : {}),
    ...(ask.mode === 'code' ? { code: { keyId: currentKeyId, digits: ask.digits } } : {}),
  };
}

const codePurpose = 'display-code';

/** The code that the phone shows for a challenge in code mode; always the same for one challenge, and stored nowhere. Undefined without its key. */
export function displayCode(keyring: Keyring, { code, handle }: Challenge): string | undefined {
  const key = code && keyring.derive(codePurpose, code.keyId);
  if (!key) return undefined;
  const number = createHmac('sha256', key).update(handle).digest().readBigUInt64BE();
  return String(number % 10n ** BigInt(code.digits)).padStart(code.digits, '0');
}

/** The serial of the challenge whose shown code was typed. Every code is compared, whichever fits. */
export function matchingCode(keyring: Keyring, challenges: readonly Challenge[], typed: string): string | undefined {
  const fits = challenges
    .filter(({ state }) => state === 'code-shown')
    .filter((challenge) => equalText(displayCode(keyring, challenge) ?? '', typed));
  return fits[0]?.serial;
}
