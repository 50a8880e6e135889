import { setImmediate as nextTurn } from 'node:timers/promises';
import { foldedName, type Transaction } from '../../foundation/model/index.ts';
import type { TransactionFilter } from '../store.ts';
import type { Row, Session } from './session.ts';

/** Rows read in one turn of the event loop, so that logins continue in between. */
const slice = 100;
const bodies = 'SELECT rowid AS place, body FROM transactions WHERE rowid < ? ORDER BY rowid DESC LIMIT ?';

/** {@link Store.listTransactions}. Row ids grow with time, so it reads the newest first. */
export async function listTransactions(session: Session, filter: TransactionFilter, limit: number): Promise<Transaction[]> {
  const found: Transaction[] = [];
  for (let before = Number.MAX_SAFE_INTEGER; found.length < limit; await nextTurn()) {
    const { rows, fitting } = await session.read('listTransactions', () => {
      const some = session.all(bodies, before, slice);
      return { rows: some, fitting: some.flatMap((row) => ifFits(session, row, filter) ?? []) };
    });
    found.push(...fitting);
    const last = rows.at(-1);
    if (!last || rows.length < slice) break;
    before = Number(last.place);
  }
  return found.sort((one, other) => other.createdAt - one.createdAt).slice(0, limit);
}

/** The transaction of a row, if it matches the filter. Its decision, the largest part, is read last. */
function ifFits(
  { get }: Session,
  { place, body }: Row,
  { user, realms, serial, since = 0, fits }: TransactionFilter,
): Transaction | undefined {
  const fixed: Omit<Transaction, 'decision'> = JSON.parse(String(body));
  const isNamed = user === undefined || [fixed.user, fixed.typed ?? ''].some((name) => foldedName(name) === foldedName(user));
  if (!isNamed || fixed.createdAt < since || realms?.includes(fixed.realm) === false) return undefined;
  const decision = String(get('SELECT decision FROM transactions WHERE rowid = ?', Number(place))?.decision);
  // Searching the text is cheaper than parsing it.
  if (serial !== undefined && !decision.includes(JSON.stringify(serial))) return undefined;
  const transaction: Transaction = { ...fixed, decision: JSON.parse(decision) };
  const isAsked = serial === undefined || transaction.decision.challenges.some((challenge) => challenge.serial === serial);
  return isAsked && fits(transaction) ? transaction : undefined;
}
