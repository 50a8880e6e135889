import { z } from 'zod';
import { holdReply, onDisconnect } from '../../http/index.ts';
import { ChallengeReply, challengeReply } from './challenge-reply.ts';
import { consume, consumeFromPage } from './consume.ts';
import { create } from './create-challenge.ts';
import { type Endpoint, endpoint, sendReply } from './endpoint.ts';
import { demandOwn, ownChallenge } from './own-challenge.ts';
import { RestProblem } from './problems.ts';

const get = endpoint(
  {
    method: 'GET',
    path: '/v1/challenges/:id',
    right: 'poll',
    id: 'getChallenge',
    summary: 'The state of a challenge',
    description: 'With wait, the reply comes when the status changes, or after so many seconds.',
    query: z.strictObject({ wait: z.coerce.number().int().min(0).max(60).default(0).describe('Seconds to wait for a change.') }),
    replies: { 200: { description: 'The state.', schema: ChallengeReply } },
    problems: ['not-found'],
  },
  async (parts, call) => {
    const transaction = await ownChallenge(parts, call);
    const { id } = transaction;
    const { challenges } = parts.engine;
    const known = challenges.statusOf(transaction);
    const waitMs = known === 'pending' || known === 'code-shown' ? call.query.wait * 1000 : 0;
    if (waitMs === 0) return { status: 200, body: challengeReply(parts, transaction) };
    const changed = challenges.watchStatus({ id, known, waitMs, givenUp: onDisconnect(call.ctx) });
    holdReply(call.ctx, changed, async (ctx, ended) => {
      await ended;
      sendReply(ctx, { status: 200, body: challengeReply(parts, demandOwn(await challenges.find(id))) });
    });
    return 'held';
  },
);

const cancel = endpoint(
  {
    method: 'POST',
    path: '/v1/challenges/:id/cancel',
    right: 'trigger',
    id: 'cancelChallenge',
    summary: 'Withdraws a challenge',
    description: 'The phone can no longer answer it. An accept that was not consumed is void.',
    body: z.strictObject({}),
    replies: { 200: { description: 'It is withdrawn.', schema: ChallengeReply } },
    problems: ['not-found', 'conflict'],
  },
  async (parts, call) => {
    const { transaction } = await parts.engine.challenges.withdraw(await ownChallenge(parts, call));
    const body = challengeReply(parts, transaction);
    if (body.status === 'withdrawn') return { status: 200, body };
    throw new RestProblem('conflict', `The challenge is ${body.status}.`, { id: body.id, state: body.status });
  },
);

/** The endpoints for challenges. */
export const challengeEndpoints: readonly Endpoint[] = [create, get, cancel, consume, consumeFromPage];
