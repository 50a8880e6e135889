import type { Context } from 'koa';
import { type Follow, onDisconnect, streamEvents } from '../../http/index.ts';
import { challengeReply } from './challenge-reply.ts';
import { ownChallenge } from './challenges.ts';
import { type Endpoint, endpoint, type RestCall, type RestReply } from './endpoint.ts';
import type { RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

const streamed = 'text/event-stream';
const retrySeconds = 10;
const headers = { 'Last-Event-ID': 'The id of the last event that the client has: only newer ones are sent.' };

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
    const known = lastEventId(call.ctx) ?? -1;
    const transaction = await ownChallenge(parts, call);
    const { position, isSettled } = parts.engine.challenges.progressOf(transaction);
    if (isSettled && position <= known) return { status: 204 };
    return stream(parts, call, statesOf(parts, transaction.id, known));
  },
);

/** Refers to names only, because many streams may be open. */
const statesOf =
  ({ engine }: RestParts, id: string, known: number): Follow =>
  (stream) =>
    engine.challenges.follow({
      id,
      known,
      tell: (transaction, position) =>
        stream.send({ id: String(position), event: 'challenge', data: challengeReply({ engine }, transaction) }),
      end: ({ isSettled }) => stream.end({ comesBack: !isSettled }),
    });

/** Replies with a stream, if one more may be open. */
function stream(
  { streams }: RestParts,
  { ctx, caller }: Pick<RestCall<unknown, unknown>, 'ctx' | 'caller'>,
  follow: Follow,
): RestReply | 'held' {
  if (ctx.method === 'HEAD') return { status: 200, body: '', headers: { 'content-type': streamed } };
  const leave = streams.take(caller.server.name);
  if (!leave)
    throw new RestProblem('too-many-streams', 'Close event streams that nobody reads, or try again later.', {
      retryAfterSeconds: retrySeconds,
    });
  onDisconnect(ctx)(leave);
  if (streamEvents(ctx, follow)) return 'held';
  leave();
  throw new RestProblem('invalid-request', 'An event stream needs a connection on which no other request is under way.');
}

/** The number in `Last-Event-ID`, if there is one. */
function lastEventId(ctx: Context): number | undefined {
  const shown = ctx.get('last-event-id');
  if (shown === '') return undefined;
  if (/^\d{1,15}$/.test(shown)) return Number(shown);
  const rule = 'must be the id of an event of this stream';
  throw new RestProblem('invalid-request', `The headers break a rule: Last-Event-ID: ${rule}.`, {
    errors: [{ field: 'Last-Event-ID', rule }],
  });
}

/** The endpoints with event streams. */
export const streamEndpoints: readonly Endpoint[] = [followChallenge];
