import { type Decision, type Effect, mostClockSkewMs, type TrailEntry, type Transaction } from '../../foundation/model/index.ts';
import type { Store } from '../store.ts';
import { openListeners } from './listeners.ts';
import type { Row, Session } from './session.ts';
import { listTransactions } from './transaction-list.ts';

type TransactionStore = Pick<
  Store,
  | 'addTransaction'
  | 'findTransaction'
  | 'findByForeignId'
  | 'findByHandle'
  | 'openTransactionsOf'
  | 'listTransactions'
  | 'countOpenTransactions'
  | 'decide'
  | 'onDecided'
  | 'appendTrail'
  | 'trailOf'
  | 'removeEffects'
  | 'claimDueEffects'
  | 'sweep'
>;

/** Transactions: the decision is one column with its version; effects and trail have their own tables. */
export function transactionStore(session: Session): TransactionStore {
  const { get, all, run, read, write, transactions } = session;
  const waiters = openListeners();
  const find = (id: string): Transaction | undefined =>
    transactions.find(id, () => {
      const row = get('SELECT body, decision FROM transactions WHERE id = ?', id);
      return row && transactionOf(row);
    });
  const findNamed = (row: Row | undefined): Transaction | undefined => row && find(String(row.id));
  return {
    addTransaction: (transaction, effects = [], effectsDue = 0) =>
      write('addTransaction', () => {
        const added = insertTransaction(session, transaction);
        if (added === 'added' && effects.length > 0) {
          run('UPDATE transactions SET effects_due = ? WHERE id = ?', effectsDue, transaction.id);
          addEffects(session, transaction.id, effects);
        }
        return added;
      }),
    findTransaction: (id) => read('findTransaction', () => find(id)),
    findByForeignId: (dialect, authServer, foreignId) =>
      read('findByForeignId', () =>
        findNamed(
          get('SELECT id FROM transactions WHERE dialect = ? AND auth_server = ? AND foreign_id = ?', dialect, authServer, foreignId),
        ),
      ),
    findByHandle: (phone, handle) =>
      read('findByHandle', () => findNamed(get('SELECT transaction_id AS id FROM handles WHERE phone = ? AND handle = ?', phone, handle))),
    openTransactionsOf: (serial, now, most) =>
      read('openTransactionsOf', () => {
        // With a plain parameter as the limit, SQLite would plan the query again each time.
        const rows = all(
          `SELECT transaction_id AS id FROM open_challenges WHERE serial = ? AND answer_until > ? AND created_at <= ?
           ORDER BY created_at DESC, transaction_id DESC LIMIT ifnull(?, -1)`,
          serial,
          now,
          now + mostClockSkewMs,
          most ?? null,
        );
        return rows.flatMap((row) => findNamed(row) ?? []).reverse();
      }),
    listTransactions: (filter, limit) => listTransactions(session, filter, limit),
    countOpenTransactions: (now) =>
      read('countOpenTransactions', () =>
        Number(get('SELECT count(DISTINCT transaction_id) AS n FROM open_challenges WHERE answer_until > ?', now)?.n),
      ),
    async decide(id, expectedVersion, next, effects, effectsDue, trail = []) {
      const written = await write('decide', () => decide(session, { id, expectedVersion, next, effects, effectsDue, trail }));
      if (written === 'decided') waiters.tell(id);
      return written;
    },
    onDecided: waiters.add,
    appendTrail: (id, entries) => write('appendTrail', () => addToTrail(session, id, entries)),
    trailOf: (id) =>
      read('trailOf', () =>
        all('SELECT body FROM trail WHERE transaction_id = ? ORDER BY rowid', id).map(({ body }): TrailEntry => JSON.parse(String(body))),
      ),
    removeEffects: (id, effectIds) =>
      write('removeEffects', () => {
        for (const effect of effectIds) run('DELETE FROM effects WHERE transaction_id = ? AND id = ?', id, effect);
        run(
          'UPDATE transactions SET effects_due = NULL WHERE id = ? AND NOT EXISTS (SELECT 1 FROM effects WHERE transaction_id = ?)',
          id,
          id,
        );
      }),
    claimDueEffects: (now, leaseUntil, limit) =>
      write('claimDueEffects', () => {
        const due = all('SELECT id FROM transactions WHERE effects_due <= ? ORDER BY effects_due LIMIT ?', now, limit).map(({ id }) =>
          String(id),
        );
        for (const id of due) run('UPDATE transactions SET effects_due = ? WHERE id = ?', leaseUntil, id);
        return due.map((transactionId) => ({ transactionId, effects: effectsOf(session, transactionId) }));
      }),
    sweep: (before, limit) =>
      write('sweep', () => {
        const old = all('SELECT id FROM transactions WHERE finish_until < ? AND effects_due IS NULL LIMIT ?', before, limit).map(({ id }) =>
          String(id),
        );
        for (const id of old) removeTransaction(session, id);
        for (const table of ['counters', 'known_clients', 'kept_requests', 'published_events'])
          run(`DELETE FROM ${table} WHERE ends_at < ?`, before);
        run(`DELETE FROM outbox WHERE state = 'dead' AND ends_at < ?`, before);
        return old.length;
      }),
  };
}

const challengesOf = `transactions AS t JOIN json_each(t.decision, '$.challenges') AS challenge WHERE t.id = ?`;

/** Deletes a transaction and its dependent rows. */
export function removeTransaction({ run, transactions }: Session, id: string): void {
  transactions.forget(id);
  run(
    `DELETE FROM handles WHERE (phone, handle) IN (SELECT challenge.value ->> 'phone', challenge.value ->> 'handle' FROM ${challengesOf})`,
    id,
  );
  run(
    `DELETE FROM open_challenges WHERE (serial, created_at, transaction_id) IN
     (SELECT challenge.value ->> 'serial', t.body ->> 'createdAt', t.id FROM ${challengesOf})`,
    id,
  );
  for (const table of ['effects', 'trail']) run(`DELETE FROM ${table} WHERE transaction_id = ?`, id);
  run('DELETE FROM transactions WHERE id = ?', id);
}

/** Reads a transaction from its row. */
export const transactionOf = ({ body, decision }: Row): Transaction => ({
  ...JSON.parse(String(body)),
  decision: JSON.parse(String(decision)),
});

const effectsOf = ({ all }: Session, id: string): Effect[] =>
  all('SELECT body FROM effects WHERE transaction_id = ?', id).map(({ body }): Effect => JSON.parse(String(body)));

/** Adds a transaction with its handles and open challenges, or nothing at all. */
export function insertTransaction({ get, run, transactions }: Session, { decision, ...fixed }: Transaction): 'added' | 'taken' {
  const { id, dialect, authServer, foreignId, createdAt } = fixed;
  transactions.forget(id);
  const isHandleTaken = decision.challenges.some(({ phone, handle }) =>
    get('SELECT 1 FROM handles WHERE phone = ? AND handle = ?', phone, handle),
  );
  if (isHandleTaken) return 'taken';
  const added = run(
    'INSERT OR IGNORE INTO transactions (id, dialect, auth_server, foreign_id, body, decision, version, finish_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    id,
    dialect,
    authServer,
    foreignId ?? null,
    JSON.stringify(fixed),
    JSON.stringify(decision),
    decision.version,
    decision.finishUntil,
  );
  if (added === 0) return 'taken';
  for (const { phone, handle, serial, state } of decision.challenges) {
    run('INSERT INTO handles (phone, handle, transaction_id) VALUES (?, ?, ?)', phone, handle, id);
    if (decision.state !== 'open' || state === 'closed') continue;
    run(
      'INSERT OR IGNORE INTO open_challenges (serial, created_at, transaction_id, answer_until) VALUES (?, ?, ?, ?)',
      serial,
      createdAt,
      id,
      decision.answerUntil,
    );
  }
  return 'added';
}

function addEffects({ run }: Session, id: string, effects: readonly Effect[]): void {
  for (const effect of effects)
    run('INSERT INTO effects (transaction_id, id, body) VALUES (?, ?, ?)', id, effect.id, JSON.stringify(effect));
}

function addToTrail({ run }: Session, id: string, entries: readonly TrailEntry[]): void {
  for (const entry of entries)
    run('INSERT INTO trail (transaction_id, body) SELECT id, ? FROM transactions WHERE id = ?', JSON.stringify(entry), id);
}

const close = `DELETE FROM open_challenges
  WHERE serial = ? AND (created_at, transaction_id) = (SELECT body ->> '$.createdAt', id FROM transactions WHERE id = ?)`;

/** A closed challenge may be reopened. */
const openAgain = `INSERT OR IGNORE INTO open_challenges (serial, created_at, transaction_id, answer_until)
  SELECT ?, body ->> '$.createdAt', id, ? FROM transactions WHERE id = ?`;

type DecisionWrite = {
  id: string;
  expectedVersion: number;
  next: Decision;
  effects: readonly Effect[];
  effectsDue: number;
  trail: readonly TrailEntry[];
};

function decide(session: Session, { id, expectedVersion, next, effects, effectsDue, trail }: DecisionWrite): 'decided' | 'conflict' {
  const { run, transactions } = session;
  transactions.forget(id);
  const written = run(
    'UPDATE transactions SET decision = ?, version = ?, finish_until = ?, effects_due = coalesce(?, effects_due) WHERE id = ? AND version = ?',
    JSON.stringify(next),
    next.version,
    next.finishUntil,
    effects.length > 0 ? effectsDue : null,
    id,
    expectedVersion,
  );
  if (written === 0) return 'conflict';
  addEffects(session, id, effects);
  addToTrail(session, id, trail);
  for (const { serial, state } of next.challenges)
    if (next.state !== 'open' || state === 'closed') run(close, serial, id);
    else if (state === 'pending') run(openAgain, serial, next.answerUntil, id);
  return 'decided';
}
