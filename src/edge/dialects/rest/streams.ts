import type { Context } from 'koa';
import { z } from 'zod';
import type { Transaction } from '../../../foundation/model/index.ts';
import { iso } from '../../formats/management/index.ts';
import { type Follow, onDisconnect, type StreamReader, streamEvents } from '../../http/index.ts';
import { challengeReply } from './challenge-reply.ts';
import { type Endpoint, endpoint, type RestReply } from './endpoint.ts';
import { ownChallenge } from './own-challenge.ts';
import type { RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

const streamed = 'text/event-stream';
const retrySeconds = 10;
const headers = z.object({
  'last-event-id': z
    .string()
    .regex(/^\d{1,15}$/, 'must be the id of an event of this stream')
    .optional()
    .describe('The id of the last event that the client has: only newer ones are sent.'),
});

const followChallenge = endpoint(
  {
    method: 'GET',
    path: '/v1/challenges/:id/events',
    right: 'poll',
    id: 'followChallenge',
    summary: 'The states of a challenge, as server-sent events',
    description:
      'First the present state, then each change, as an event `challenge` whose data is that of getChallenge. The stream ends with the event that settles the challenge: no phone can answer any more. It also ends after ten minutes and when the gateway stops; then connect again with Last-Event-ID. A comment comes every 15 seconds.',
    headers,
    replies: {
      200: { description: 'The stream.', contentType: streamed },
      204: { description: 'The event with this id was the last one.' },
    },
    problems: ['not-found', 'too-many-streams'],
  },
  async (parts, call) => {
    const known = Number(call.headers['last-event-id'] ?? -1);
    const transaction = await ownChallenge(parts, call);
    const { position, isSettled } = parts.engine.challenges.progressOf(transaction);
    if (isSettled && position <= known) return { status: 204 };
    const { engine, publicUrl } = parts;
    const show = (each: Transaction) => challengeReply({ engine, publicUrl }, each);
    return openStream(
      parts,
      { ctx: call.ctx, authServer: call.caller.server.name, reader: 'auth-server' },
      statesOf(parts, transaction.id, { known, show }),
    );
  },
);

const EventBody = z.strictObject({
  type: z.string().describe('The kind of the event, such as challenge.accepted. It is the event name, too.'),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.string()).describe('The id and status of the challenge, and what belongs to the kind.'),
});

const followEvents = endpoint(
  {
    method: 'GET',
    path: '/v1/events',
    right: 'poll',
    id: 'followEvents',
    summary: 'All events of the auth server, as server-sent events',
    description:
      'The events of all its challenges in order, as web hooks get them. Without Last-Event-ID an event `ready` comes first, and then what happens from now on. With it the stream goes on after that event: events are kept for 24 hours. An event `reset` says that some are gone; read the challenges that you wait for. The stream ends after ten minutes and when the gateway stops; then connect again.',
    headers,
    replies: { 200: { description: 'The stream. The data of each event is a JSON text.', schema: EventBody, contentType: streamed } },
    problems: ['too-many-streams'],
  },
  async (parts, call) => {
    const shown = call.headers['last-event-id'];
    const { name } = call.caller.server;
    const known = shown === undefined ? undefined : Number(shown);
    return openStream(parts, { ctx: call.ctx, authServer: name, reader: 'auth-server' }, eventsOf(parts, name, known));
  },
);

const eventsOf =
  ({ engine }: RestParts, authServer: string, known: number | undefined): Follow =>
  (stream) =>
    engine.challenges.readEvents({
      authServer,
      known,
      begin: ({ kind, number }) => stream.send({ id: String(number), event: kind, data: {} }),
      tell(events) {
        for (const { number, kind, at, data } of events)
          stream.send({ id: String(number), event: kind, data: { type: kind, timestamp: iso(at), data } });
        return stream.sent();
      },
      failed: () => stream.end({ comesBack: true }),
    });

/** The states of a challenge as `show` makes them. Refers to names only, because many streams may be open. */
export const statesOf =
  (
    { engine }: Pick<RestParts, 'engine'>,
    id: string,
    { known, show }: { known: number; show: (transaction: Transaction) => object },
  ): Follow =>
  (stream) =>
    engine.challenges.follow({
      id,
      known,
      tell: (transaction, position) => stream.send({ id: String(position), event: 'challenge', data: show(transaction) }),
      end: ({ isSettled }) => stream.end({ comesBack: !isSettled }),
    });

/** Replies with a stream, if this auth server may have one more. */
export function openStream(
  { streams }: RestParts,
  { ctx, authServer, reader }: { ctx: Context; authServer: string; reader: StreamReader },
  follow: Follow,
): RestReply | 'held' {
  if (ctx.method === 'HEAD') return { status: 200, body: '', headers: { 'content-type': streamed } };
  const leave = streams.take(authServer, reader);
  if (!leave)
    throw new RestProblem('too-many-streams', 'Close event streams that nobody reads, or try again later.', {
      retryAfterSeconds: retrySeconds,
    });
  onDisconnect(ctx)(leave);
  if (streamEvents(ctx, follow)) return 'held';
  leave();
  throw new RestProblem('invalid-request', 'An event stream needs a connection on which no other request is under way.');
}

/** The endpoints with event streams. */
export const streamEndpoints: readonly Endpoint[] = [followChallenge, followEvents];
