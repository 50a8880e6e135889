import { ok, type Result, refused } from '../../../foundation/model/index.ts';

const most = 2n ** 64n - 1n;

/**
 * A transaction id as the number in a challenge: its digits times 100, plus the two after the dot. Refuses what is no such id or has no room.
 * @see docs/protocols/linotp.md 8.2
 */
export function transactionNumber(id: string): Result<bigint, string> {
  const [, digits, part = '00'] = /^(\d{1,20})(?:\.(\d{2}))?$/.exec(id) ?? [];
  if (digits === undefined) return refused('a transaction id is digits, and perhaps a dot and two more');
  const number = BigInt(digits) * 100n + BigInt(part);
  return number > most ? refused('a transaction id has no room in 64 bits') : ok(number);
}

/** The transaction id behind the number of a challenge. */
export function transactionIdOf(number: bigint): string {
  const part = number % 100n;
  return part === 0n ? String(number / 100n) : `${number / 100n}.${String(part).padStart(2, '0')}`;
}

const digits = 17n;

/** A fresh transaction id: 17 digits of 16 random bytes, the first one not 0. @see docs/protocols/linotp.md 8.4 */
export function newTransactionId(random: Uint8Array): string {
  const smallest = 10n ** (digits - 1n);
  return String(smallest + (BigInt(`0x${Buffer.from(random).toString('hex')}`) % (9n * smallest)));
}
