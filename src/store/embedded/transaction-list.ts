import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldedName, type Transaction } from '../../foundation/model/index.ts';
import type { TransactionFilter } from '../store.ts';
import type { Row, Session } from './session.ts';

/** Rows that are looked at in one turn of the event loop: logins go on between two slices. */
const slice = 500;

/**
 * {@link Store.listTransactions}. Rows are numbered in the order in which they were added, so the newest come first.
 */
export async function listTransactions({ all, read }: Session, filter: TransactionFilter, limit: number): Promise<Transaction[]> {
  const found: Transaction[] = [];
  const sql = 'SELECT rowid AS place, body, decision FROM transactions WHERE rowid < ? ORDER BY rowid DESC LIMIT ?';
  for (let before = Number.MAX_SAFE_INTEGER; found.length < limit; await nextTurn()) {
    const rows = await read('listTransactions', () => all(sql, before, slice));
    found.push(...rows.flatMap((row) => fitting(row, filter) ?? []));
    const last = rows.at(-1);
    if (!last || rows.length < slice) break;
    before = Number(last.place);
  }
  return found.sort((one, other) => other.createdAt - one.createdAt).slice(0, limit);
}

/** The transaction of a row that a list shows. The decision, which is most of a row, is parsed last. */
function fitting({ body, decision }: Row, { user, realms, serial, since = 0, fits }: TransactionFilter): Transaction | undefined {
  const fixed: Omit<Transaction, 'decision'> = JSON.parse(String(body));
  const isNamed = user === undefined || [fixed.user, fixed.typed ?? ''].some((name) => foldedName(name) === foldedName(user));
  if (!isNamed || fixed.createdAt < since || realms?.includes(fixed.realm) === false) return undefined;
  const transaction: Transaction = { ...fixed, decision: JSON.parse(String(decision)) };
  const isAsked = serial === undefined || transaction.decision.challenges.some((challenge) => challenge.serial === serial);
  return isAsked && fits(transaction) ? transaction : undefined;
}
