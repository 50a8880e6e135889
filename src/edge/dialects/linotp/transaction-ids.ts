import { randomInt } from 'node:crypto';
import type { Naming } from '../../../engine/index.ts';
import { randomDigits } from '../../../foundation/crypto/index.ts';
import type { PushToken, Transaction } from '../../../foundation/model/index.ts';

const digits = 17;
const parentDigits = digits - 3;

/** Seventeen digits, or fourteen and a number for each of several; the first is never 0. */
export function newNaming(count: number): Naming {
  const length = count === 1 ? digits : parentDigits;
  const id = `${randomInt(1, 10)}${randomDigits(length - 1)}`;
  return { foreignId: id, handles: count === 1 ? [id] : Array.from({ length: count }, (_, index) => `${id}.${numbered(index)}`) };
}

const numbered = (index: number): string => String(index + 1).padStart(2, '0');

/** The caller's id of a transaction. */
export const idOf = ({ foreignId = '' }: Transaction): string => foreignId;

/** The transaction's id of an id that may be a challenge's. */
export const parentOf = (id: string): string => id.replace(/\.\d{2}$/, '');

/** The caller's id of one push token's challenge. */
export function childId(transaction: Transaction, { serial }: Pick<PushToken, 'serial'>): string {
  const { challenges } = transaction.decision;
  const index = challenges.findIndex((challenge) => challenge.serial === serial);
  return challenges.length === 1 ? idOf(transaction) : `${idOf(transaction)}.${numbered(index)}`;
}
