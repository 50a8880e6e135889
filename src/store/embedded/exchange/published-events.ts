import type { EventStream, PublishedEvent } from '../../../foundation/model/index.ts';
import type { ExchangeStore } from '../../exchange.ts';
import { openListeners } from '../listeners.ts';
import type { Row, Session } from '../session.ts';

type PublishedEventStore = Pick<ExchangeStore, 'publish' | 'eventsAfter' | 'lastEventNumber' | 'onPublished'>;

/** Published events: one row each, and one row per auth server with the last number. Leaves no number out. */
export function publishedEventStore(session: Session): PublishedEventStore {
  const { get, all, run, read, write } = session;
  const listeners = openListeners();
  const last = (authServer: string): number => Number(get('SELECT last FROM event_streams WHERE auth_server = ?', authServer)?.last ?? 0);
  return {
    async publish(events) {
      await write('publish', () => {
        for (const event of events) {
          const number = last(event.authServer) + 1;
          if (saveEvent(run, { ...event, number }, 'INSERT OR IGNORE') === 1)
            saveEventStream(run, { authServer: event.authServer, last: number });
        }
      });
      for (const authServer of new Set(events.map((event) => event.authServer))) listeners.tell(authServer);
    },
    eventsAfter: (authServer, number, limit) =>
      read('eventsAfter', () => {
        const from = 'published_events WHERE auth_server = ? AND number > ? ORDER BY number LIMIT ?';
        return all(`SELECT * FROM ${from}`, authServer, number, limit).map(eventOf);
      }),
    lastEventNumber: (authServer) => read('lastEventNumber', () => last(authServer)),
    onPublished: listeners.add,
  };
}

/** Reads an event from its row. */
export const eventOf = ({ id, auth_server, number, at, transaction_id, kind, data, ends_at }: Row): PublishedEvent => ({
  id: String(id),
  authServer: String(auth_server),
  number: Number(number),
  at: Number(at),
  transaction: String(transaction_id),
  kind: String(kind),
  data: JSON.parse(String(data)),
  endsAt: Number(ends_at),
});

/** Writes an event as a row; returns the number of changed rows. */
export const saveEvent = (run: Session['run'], event: PublishedEvent, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): number =>
  run(
    `${how} INTO published_events (id, auth_server, number, at, transaction_id, kind, data, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    event.id,
    event.authServer,
    event.number,
    event.at,
    event.transaction,
    event.kind,
    JSON.stringify(event.data),
    event.endsAt,
  );

/** Reads the last number of an auth server from its row. */
export const eventStreamOf = ({ auth_server, last }: Row): EventStream => ({ authServer: String(auth_server), last: Number(last) });

/** Writes the last number of an auth server. */
export const saveEventStream = (run: Session['run'], { authServer, last }: EventStream): number =>
  run('INSERT OR REPLACE INTO event_streams (auth_server, last) VALUES (?, ?)', authServer, last);
