import { ok, type Result, refused } from '../../../foundation/model/index.ts';

const most = 2n ** 64n - 1n;

/**
 * A transaction id as the number in a challenge: its digits times 100, plus the two after the dot. Refuses an invalid
 * id or one over 64 bits.
 * @see docs/protocols/linotp.md 8.2
 */
export function transactionNumber(id: string): Result<bigint, string> {
  const [, digits, part = '00'] = /^(\d{1,20})(?:\.(\d{2}))?$/.exec(id) ?? [];
  if (digits === undefined) return refused('a transaction id has digits, optionally a dot and two more');
  const number = BigInt(digits) * 100n + BigInt(part);
  return number > most ? refused('the transaction id exceeds 64 bits') : ok(number);
}

/** The transaction id of a challenge's number. */
export function transactionIdOf(number: bigint): string {
  const part = number % 100n;
  return part === 0n ? String(number / 100n) : `${number / 100n}.${String(part).padStart(2, '0')}`;
}

const digits = 17n;

/** A new transaction id: 17 digits from 16 random bytes, the first not 0. @see docs/protocols/linotp.md 8.4 */
export function newTransactionId(random: Uint8Array): string {
  const smallest = 10n ** (digits - 1n);
  return String(smallest + (BigInt(`0x${Buffer.from(random).toString('hex')}`) % (9n * smallest)));
}
