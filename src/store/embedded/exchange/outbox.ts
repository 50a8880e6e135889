import type { SQLInputValue } from 'node:sqlite';
import type { OutboxMessage } from '../../../foundation/model/index.ts';
import { type ExchangeStore, heldMs, mostDueSeen } from '../../exchange.ts';
import type { Row, Session } from '../session.ts';

type OutboxStore = Pick<
  ExchangeStore,
  'addMessages' | 'claimMessages' | 'changeMessage' | 'removeMessage' | 'replayMessage' | 'findMessage' | 'listMessages' | 'tallyMessages'
>;

/** The outbox: one row per message. `claimable_at` is its `due_at`, or later while a predecessor holds it up. */
export function outboxStore(session: Session): OutboxStore {
  const { get, all, run, read, write } = session;
  const find = (id: string): OutboxMessage | undefined => {
    const row = get('SELECT * FROM outbox WHERE id = ?', id);
    return row && messageOf(row);
  };
  return {
    addMessages: (messages) =>
      write('addMessages', () => {
        for (const message of messages) saveMessage(run, message, 'INSERT OR IGNORE');
      }),
    claimMessages: (target, lease) => write('claimMessages', () => claim(session, target, lease)),
    changeMessage: (id, attempts, change) =>
      write('changeMessage', () => {
        const found = find(id);
        if (found?.attempts !== attempts) return false;
        const changed = { ...found, ...change };
        saveMessage(run, changed, 'INSERT OR REPLACE');
        if (changed.state === 'dead') letNextPass(session, found);
        return true;
      }),
    removeMessage: (id, attempts) =>
      write('removeMessage', () => {
        const found = find(id);
        if (!found || (attempts !== undefined && found.attempts !== attempts)) return false;
        run('DELETE FROM outbox WHERE id = ?', id);
        letNextPass(session, found);
        return true;
      }),
    replayMessage: (id, dueAt, endsAt) =>
      write('replayMessage', () => {
        const again = `UPDATE outbox SET state = 'waiting', attempts = 0, last_error = NULL, due_at = ?, claimable_at = ?, ends_at = ?`;
        return run(`${again} WHERE id = ? AND state = 'dead'`, dueAt, dueAt, endsAt, id) === 1;
      }),
    findMessage: (id) => read('findMessage', () => find(id)),
    listMessages: ({ target, state, after }, limit) =>
      read('listMessages', () => {
        const conditions: [string, SQLInputValue | undefined][] = [
          ['target = ?', target],
          ['state = ?', state],
          ['id > ?', after],
        ];
        const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [[sql, value] as const]));
        const where = ['TRUE', ...given.map(([sql]) => sql)].join(' AND ');
        return all(`SELECT * FROM outbox WHERE ${where} ORDER BY id LIMIT ?`, ...given.map(([, value]) => value), limit).map(messageOf);
      }),
    tallyMessages: () =>
      read('tallyMessages', () =>
        all('SELECT target, state, count(*) AS n, min(created_at) AS oldest FROM outbox GROUP BY target, state').map((row) => ({
          target: String(row.target),
          state: stateOf(row),
          count: Number(row.n),
          oldest: Number(row.oldest),
        })),
      ),
  };
}

type Lease = Parameters<OutboxStore['claimMessages']>[1];

/** Claims the first message of each order that has a due one; passes over due messages behind one that is not due. */
function claim({ get, all, run }: Session, target: string, { now, leaseUntil, limit }: Lease): OutboxMessage[] {
  const due = all(
    `SELECT id, ordering FROM outbox WHERE target = ? AND claimable_at <= ? AND state <> 'dead' ORDER BY claimable_at LIMIT ?`,
    target,
    now,
    mostDueSeen,
  );
  const claimed: OutboxMessage[] = [];
  for (const ordering of new Set(due.map((row) => String(row.ordering)))) {
    const first = get(
      `SELECT * FROM outbox WHERE target = ? AND ordering = ? AND state <> 'dead' ORDER BY position, id LIMIT 1`,
      target,
      ordering,
    );
    if (first && Number(first.claimable_at) <= now) {
      if (claimed.length === limit) break;
      const message = messageOf(first);
      const taken = { ...message, dueAt: leaseUntil, attempts: message.attempts + 1 };
      saveMessage(run, taken, 'INSERT OR REPLACE');
      claimed.push(taken);
    }
    run(
      `UPDATE outbox SET claimable_at = ? WHERE target = ? AND ordering = ? AND claimable_at <= ? AND state <> 'dead'`,
      now + heldMs,
      target,
      ordering,
      now,
    );
  }
  return claimed;
}

/** Ends what a claim passed over, after a message of this order was finished. */
function letNextPass({ run }: Session, { target, order }: OutboxMessage): void {
  run('UPDATE outbox SET claimable_at = due_at WHERE target = ? AND ordering = ? AND claimable_at > due_at', target, order);
}

const stateOf = ({ state }: Row): OutboxMessage['state'] => (state === 'begun' || state === 'dead' ? state : 'waiting');

/** Reads a message from its row. */
export const messageOf = (row: Row): OutboxMessage => ({
  id: String(row.id),
  target: String(row.target),
  order: String(row.ordering),
  position: Number(row.position),
  authServer: String(row.auth_server),
  payload: String(row.payload),
  createdAt: Number(row.created_at),
  dueAt: Number(row.due_at),
  endsAt: Number(row.ends_at),
  attempts: Number(row.attempts),
  ...(row.last_error === null ? {} : { lastError: String(row.last_error) }),
  state: stateOf(row),
});

/** Writes a message as a row; returns the number of changed rows. */
export const saveMessage = (run: Session['run'], message: OutboxMessage, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): number =>
  run(
    `${how} INTO outbox (id, target, ordering, position, auth_server, payload, created_at, due_at, claimable_at, ends_at, attempts, last_error, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    message.id,
    message.target,
    message.order,
    message.position,
    message.authServer,
    message.payload,
    message.createdAt,
    message.dueAt,
    message.dueAt,
    message.endsAt,
    message.attempts,
    message.lastError ?? null,
    message.state,
  );
