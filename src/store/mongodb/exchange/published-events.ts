import type { Collection } from 'mongodb';
import type { PublishedEvent } from '../../../foundation/model/index.ts';
import { type ExchangeStore, numberGapMs } from '../../exchange.ts';
import type { PublishedEventDocument } from '../collections.ts';
import { refusedAsDuplicates } from '../faults.ts';
import type { Session } from '../session.ts';

type PublishedEventStore = Pick<ExchangeStore, 'publish' | 'eventsAfter' | 'lastEventNumber'>;
type NewEvent = Omit<PublishedEvent, 'number'>;

/** Published events: one document each, and one per auth server with the last number. */
export function publishedEventStore({ run, collections }: Session): PublishedEventStore {
  const { publishedEvents, eventStreams } = collections;
  return {
    publish: (events) =>
      run('publish', async () => {
        const known = await knownOf(publishedEvents, events);
        const byServer = Map.groupBy(
          events.filter(({ id }) => !known.has(id)),
          ({ authServer }) => authServer,
        );
        await Promise.all([...byServer].map(([authServer, some]) => publishFor(collections, authServer, some)));
      }),
    eventsAfter: (authServer, number, limit) =>
      run('eventsAfter', async () => {
        const found = publishedEvents.find({ authServer, number: { $gt: number } }, { sort: { number: 1 }, limit });
        return (await found.toArray()).map(eventOf);
      }),
    lastEventNumber: (authServer) => run('lastEventNumber', async () => (await eventStreams.findOne({ _id: authServer }))?.last ?? 0),
  };
}

async function knownOf(publishedEvents: Collection<PublishedEventDocument>, events: readonly NewEvent[]): Promise<Set<string>> {
  const found = publishedEvents.find({ _id: { $in: events.map(({ id }) => id) } }, { projection: { _id: 1 } });
  return new Set((await found.toArray()).map(({ _id }) => _id));
}

/** Takes numbers, then stores the events. Numbers that came too late stay unused, since readers may have passed them. */
async function publishFor(
  { publishedEvents, eventStreams }: Session['collections'],
  authServer: string,
  events: readonly NewEvent[],
): Promise<void> {
  let last: number;
  let askedAt: number;
  do {
    askedAt = performance.now();
    const options = { upsert: true, returnDocument: 'after' } as const;
    last = (await eventStreams.findOneAndUpdate({ _id: authServer }, { $inc: { last: events.length } }, options))?.last ?? 0;
  } while (performance.now() - askedAt > numberGapMs / 2);
  const documents = events.map((event, index) => eventDocument({ ...event, number: last - events.length + 1 + index }));
  try {
    await publishedEvents.insertMany(documents, { ordered: false });
  } catch (error) {
    // Another gateway has published the same events.
    if (!refusedAsDuplicates(error)) throw error;
  }
}

/** The document of an event. */
export const eventDocument = ({ id, ...event }: PublishedEvent): PublishedEventDocument => ({ _id: id, ...event, cleanFrom: new Date() });

/** Reads an event from its document. */
export const eventOf = ({ _id, cleanFrom: _cleanFrom, ...event }: PublishedEventDocument): PublishedEvent => ({ id: _id, ...event });
