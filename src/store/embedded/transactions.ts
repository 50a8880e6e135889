import { EventEmitter } from 'node:events';
import { type Decision, type Effect, mostClockSkewMs, type TrailEntry, type Transaction } from '../../foundation/model/index.ts';
import type { Store } from '../store.ts';
import type { Row, Session } from './session.ts';

type TransactionStore = Pick<
  Store,
  | 'addTransaction'
  | 'findTransaction'
  | 'findByForeignId'
  | 'findByHandle'
  | 'openTransactionsOf'
  | 'decide'
  | 'onDecided'
  | 'appendTrail'
  | 'trailOf'
  | 'removeEffects'
  | 'claimDueEffects'
  | 'sweep'
>;

const columns = 't.body, t.decision';
const dependants = ['handles', 'open_challenges', 'effects', 'trail'];

/** Transactions: the decision is one column under one version, effects and trail have tables of their own. */
export function transactionStore(session: Session): TransactionStore {
  const { get, all, run, read, write } = session;
  // The one process that holds the file is all there is to tell.
  const waiters = new EventEmitter().setMaxListeners(0);
  const findOne = (where: string, ...values: string[]): Transaction | undefined => {
    const row = get(`SELECT ${columns} FROM transactions t WHERE ${where}`, ...values);
    return row && transactionOf(row);
  };
  return {
    addTransaction: (transaction) => write('addTransaction', () => insertTransaction(session, transaction)),
    findTransaction: (id) => read('findTransaction', () => findOne('t.id = ?', id)),
    findByForeignId: (dialect, authServer, foreignId) =>
      read('findByForeignId', () => findOne('t.dialect = ? AND t.auth_server = ? AND t.foreign_id = ?', dialect, authServer, foreignId)),
    findByHandle: (phone, handle) =>
      read('findByHandle', () => findOne('t.id = (SELECT transaction_id FROM handles WHERE phone = ? AND handle = ?)', phone, handle)),
    openTransactionsOf: (serial, now, most) =>
      read('openTransactionsOf', () => {
        const from = 'open_challenges o JOIN transactions t ON t.id = o.transaction_id';
        const rows = all(
          `SELECT ${columns} FROM ${from} WHERE o.serial = ? AND o.answer_until > ? AND o.created_at <= ?
           ORDER BY o.created_at DESC, o.transaction_id DESC LIMIT ?`,
          serial,
          now,
          now + mostClockSkewMs,
          most ?? -1,
        );
        return rows.map(transactionOf).reverse();
      }),
    async decide(id, expectedVersion, next, effects, effectsDue, trail = []) {
      const written = await write('decide', () => decide(session, { id, expectedVersion, next, effects, effectsDue, trail }));
      if (written === 'decided') waiters.emit(eventOf(id));
      return written;
    },
    onDecided(id, listener) {
      // A function of its own, so that one listener may wait twice.
      const told = (): void => listener();
      waiters.on(eventOf(id), told);
      return () => void waiters.off(eventOf(id), told);
    },
    appendTrail: (id, entries) => write('appendTrail', () => addToTrail(session, id, entries)),
    trailOf: (id) =>
      read('trailOf', () =>
        all('SELECT body FROM trail WHERE transaction_id = ? ORDER BY rowid', id).map(({ body }): TrailEntry => JSON.parse(String(body))),
      ),
    removeEffects: (id, effectIds) =>
      write('removeEffects', () => {
        for (const effect of effectIds) run('DELETE FROM effects WHERE transaction_id = ? AND id = ?', id, effect);
        run(
          'UPDATE transactions SET effects_due = NULL WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM effects WHERE transaction_id = ?1)',
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
        for (const table of ['counters', 'known_clients']) run(`DELETE FROM ${table} WHERE ends_at < ?`, before);
        return old.length;
      }),
  };
}

/** Never `error` and the like, which emitters take for something else. */
const eventOf = (id: string): string => `decided ${id}`;

/** Takes a transaction away with all that belongs to it. */
export function removeTransaction({ run }: Session, id: string): void {
  for (const table of dependants) run(`DELETE FROM ${table} WHERE transaction_id = ?`, id);
  run('DELETE FROM transactions WHERE id = ?', id);
}

/** A transaction out of its row. */
export const transactionOf = ({ body, decision }: Row): Transaction => ({
  ...JSON.parse(String(body)),
  decision: JSON.parse(String(decision)),
});

const effectsOf = ({ all }: Session, id: string): Effect[] =>
  all('SELECT body FROM effects WHERE transaction_id = ?', id).map(({ body }): Effect => JSON.parse(String(body)));

/** Adds a transaction with its handles and open challenges, or nothing of it. */
export function insertTransaction({ get, run }: Session, { decision, ...fixed }: Transaction): 'added' | 'taken' {
  const { id, dialect, authServer, foreignId, createdAt } = fixed;
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

function addToTrail({ run }: Session, id: string, entries: readonly TrailEntry[]): void {
  for (const entry of entries)
    run('INSERT INTO trail (transaction_id, body) SELECT id, ? FROM transactions WHERE id = ?', JSON.stringify(entry), id);
}

/** A challenge that was closed may be asked after all. */
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
  const { run } = session;
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
  for (const effect of effects)
    run('INSERT INTO effects (transaction_id, id, body) VALUES (?, ?, ?)', id, effect.id, JSON.stringify(effect));
  addToTrail(session, id, trail);
  if (next.state !== 'open') run('DELETE FROM open_challenges WHERE transaction_id = ?', id);
  for (const { serial, state } of next.challenges)
    if (state === 'closed') run('DELETE FROM open_challenges WHERE transaction_id = ? AND serial = ?', id, serial);
    else if (state === 'pending' && next.state === 'open') run(openAgain, serial, next.answerUntil, id);
  return 'decided';
}
