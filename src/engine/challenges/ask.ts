import { createHmac, randomInt } from 'node:crypto';
import { equalText } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { Challenge } from '../../foundation/model/index.ts';
import { manyOptions } from '../../policy/index.ts';

/**
 * What the user does on the phone: confirm, pick the option that the login page shows, or read a code to type on the
 * login page.
 */
export type Ask = { mode: 'confirm' } | { mode: 'presence'; options: readonly string[]; right: string } | { mode: 'code'; digits: number };

/** A plain yes or no. */
export const askToConfirm: Ask = { mode: 'confirm' };

/**
 * How often a user may be wrong before a challenge is locked. With few options a second pick would let blind tapping
 * succeed too often.
 */
function maxWrongOf(ask: Ask): number {
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

/** The source of presence options. */
export type OptionSource = 'ALPHABETIC' | 'NUMERIC' | readonly string[];

/** Draws `count` different options (fewer if the source has fewer) in random order, and the right one among them. */
export function askForPresence(source: OptionSource, count: number): Ask {
  const pool = source === 'ALPHABETIC' ? [...letters] : source === 'NUMERIC' ? [...numbers] : [...source];
  const options = drawn(pool, count);
  return { mode: 'presence', options, right: options[randomInt(options.length)] ?? '' };
}

/** Draws different options in random order. Takes them out of the pool. */
const drawn = (pool: string[], count: number): string[] =>
  Array.from({ length: Math.min(count, pool.length) }, () => pool.splice(randomInt(pool.length), 1)[0] ?? '');

/** Options of as many digits as this number, which the user sees already, in random order with the number among them. */
export function askForNumber(right: string, count: number): Ask {
  const pool = right.length === 1 ? numbers.slice(0, 10).map((each) => each.slice(1)) : numbers;
  const options = drawn(
    pool.filter((each) => each !== right),
    count - 1,
  );
  options.splice(randomInt(options.length + 1), 0, right);
  return { mode: 'presence', options, right };
}

/** The fields of a challenge that come from its ask. */
export function askedFields(ask: Ask, { currentKeyId }: Keyring): Pick<Challenge, 'mode' | 'maxWrong' | 'rightOption' | 'code'> {
  return {
    mode: ask.mode,
    maxWrong: maxWrongOf(ask),
    ...(ask.mode === 'presence' ? { rightOption: ask.right } : {}),
    ...(ask.mode === 'code' ? { code: { keyId: currentKeyId, digits: ask.digits } } : {}),
  };
}

const codePurpose = 'display-code';

/**
 * The code of a challenge in code mode. It is derived, so it is always the same and never stored. Undefined if its key
 * is missing.
 */
export function displayCode(keyring: Keyring, { code, handle }: Challenge): string | undefined {
  const key = code && keyring.derive(codePurpose, code.keyId);
  if (!key) return undefined;
  const number = createHmac('sha256', key).update(handle).digest().readBigUInt64BE();
  return String(number % 10n ** BigInt(code.digits)).padStart(code.digits, '0');
}

/**
 * The serial of the challenge whose code was typed. Compares all codes, even after a match, so that timing reveals
 * nothing.
 */
export function matchingCode(keyring: Keyring, challenges: readonly Challenge[], typed: string): string | undefined {
  const fits = challenges
    .filter(({ state }) => state === 'code-shown')
    .filter((challenge) => equalText(displayCode(keyring, challenge) ?? '', typed));
  return fits[0]?.serial;
}
