import { z } from 'zod';
import type { Approval, ApprovalFinished, ApprovalRefusal, ApprovalRequest, Delivered } from '../../../engine/index.ts';
import type { Transaction } from '../../../foundation/model/index.ts';
import { approvalContext, fitsPhones, questionOf, shownText } from '../../formats/approval/index.ts';
import { holdReply, onDisconnect } from '../../http/index.ts';
import { ChallengeReply, challengeReply, restStatus } from './challenge-reply.ts';
import { type Endpoint, endpoint, type RestCall, sendReply } from './endpoint.ts';
import { dialect, type RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

const name = z.string().trim().min(1).max(256);
const binding = z.string().min(1).max(256);

const CreateBody = z
  .strictObject({
    user: name.optional().describe('The user to ask.'),
    realm: name.optional().describe('The realm of the user. Without it, the default realm or the one in the name.'),
    serial: name.optional().describe('The push token to ask, in place of a user.'),
    title: shownText(64).optional().describe('The title on the phone.'),
    text: shownText(400).optional().describe('What the user approves, as the phone shows and signs it.'),
    context: approvalContext.optional().describe('Details of it, one line each, such as {"Amount": "100 EUR"}. The phone signs them too.'),
    mode: z
      .enum(['presence', 'code', 'confirm'])
      .optional()
      .describe(
        'What the user does: pick the number that you show (presence), type a code from the phone (code), or only tap (confirm). Without it: presence on phones that can, else code, else the request is refused.',
      ),
    binding: binding
      .optional()
      .describe('A secret of the session that asks, such as a random id in its cookie. The challenge can only be consumed with it.'),
    validitySeconds: z.int().min(10).max(600).optional().describe('How long the phone may answer. Policies may only shorten it.'),
  })
  .refine(({ user, serial }) => (user === undefined) !== (serial === undefined), { path: ['user'], message: 'name either user or serial' })
  .refine(({ realm, user }) => realm === undefined || user !== undefined, { path: ['realm'], message: 'a realm needs a user' })
  .refine(({ text, context }) => text !== undefined || context === undefined, { path: ['text'], message: 'context needs a text' })
  .refine(({ text, context }) => text === undefined || fitsPhones(questionOf(text, context)), {
    path: ['text'],
    message: 'text and context together must have at most 511 bytes',
  })
  .meta({
    examples: [{ user: 'alice', title: 'ACME Bank', text: 'Send money?', context: { Amount: '100 EUR', To: 'Bob' }, mode: 'confirm' }],
    oneOf: [{ required: ['user'] }, { required: ['serial'] }],
    dependentRequired: { realm: ['user'], context: ['text'] },
  });

const CreatedReply = { description: 'The challenge was delivered, or waits for the phone to ask.', schema: ChallengeReply };

const create = endpoint(
  {
    method: 'POST',
    path: '/v1/challenges',
    right: 'trigger',
    id: 'createChallenge',
    summary: 'Asks the phones of a user',
    body: CreateBody,
    replies: { 201: CreatedReply },
    problems: ['cannot-be-asked', 'undeliverable', 'too-often'],
  },
  async (parts, call) => {
    const issued = await parts.engine.challenges.issueApproval(requestOf(parts, call));
    if (!issued.ok) throw refusalOf(issued.error);
    const delivered = await parts.engine.challenges.deliver(issued.value);
    await demandReached(parts, issued.value, delivered);
    const body = challengeReply(parts, issued.value.transaction);
    return { status: 201, body, headers: { location: `${parts.path === '/' ? '' : parts.path}/v1/challenges/${body.id}` } };
  },
);

function requestOf(
  { graceMs }: RestParts,
  { asker, caller, body }: Pick<RestCall<unknown, z.output<typeof CreateBody>>, 'asker' | 'caller' | 'body'>,
): ApprovalRequest {
  const { user, realm, serial, title = 'pushgate', text, context, mode, binding: shown, validitySeconds } = body;
  const question = text === undefined ? 'Do you want to confirm the login?' : questionOf(text, context);
  return {
    asker,
    showed: caller.showed,
    who: serial === undefined ? { user: user ?? '', realm } : { serial },
    prompt: { title, question, isExact: text !== undefined },
    mode,
    binding: shown,
    validityMs: validitySeconds === undefined ? undefined : validitySeconds * 1000,
    graceMs,
  };
}

/** Withdraws a challenge that no phone got or can ask for. */
async function demandReached({ engine }: RestParts, { transaction, hasJoined }: Approval, delivered: readonly Delivered[]): Promise<void> {
  if (hasJoined || delivered.some(({ sent, pollable }) => sent || pollable)) return;
  await engine.challenges.withdraw(transaction);
  throw new RestProblem('undeliverable', 'No provider took the push, and the phone may not ask for it.', { id: transaction.id });
}

/** Refusals of admission in the words of this dialect. */
function refusalOf(refusal: ApprovalRefusal): RestProblem {
  switch (refusal.kind) {
    case 'denied':
      return new RestProblem('not-allowed', 'Policies do not allow this user to log in here.');
    case 'no-credential':
      return new RestProblem('not-authenticated', 'Policies ask for a credential of this auth server.');
    case 'too-often':
      return new RestProblem(
        'too-often',
        `Policies allow only ${refusal.most} ${refusal.what} logins in ${refusal.windowMs / 1000} seconds.`,
      );
    case 'limited':
      return new RestProblem('too-often', 'As many challenges wait for this phone as policies allow.', {
        retryAfterSeconds: Math.max(1, Math.ceil(refusal.retryMs / 1000)),
      });
    case 'not-asked': {
      // A barred user looks like an unknown one to the outside.
      const reason = refusal.reason === 'barred-user' ? 'unknown-user' : refusal.reason;
      return new RestProblem('cannot-be-asked', 'No phone of this user can be asked; see reason.', { reason });
    }
    default:
      return refusal satisfies never;
  }
}

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

const ConsumeBody = z.strictObject({
  binding: binding.optional().describe('The binding that the challenge was created with.'),
  code: z.string().trim().min(1).max(64).optional().describe('The code that the user read from the phone, for mode code.'),
});

const ConsumedReply = z.strictObject({
  id: z.string(),
  status: z.literal('consumed'),
  user: z.string(),
  realm: z.string(),
  serial: z.string().describe('The push token whose phone accepted.'),
});

const consume = endpoint(
  {
    method: 'POST',
    path: '/v1/challenges/:id/consume',
    right: 'check',
    id: 'consumeChallenge',
    summary: 'Takes an accepted challenge, exactly once',
    body: ConsumeBody,
    replies: { 200: { description: 'The user approved, and this call is the only one to hear it.', schema: ConsumedReply } },
    problems: ['not-found', 'wrong-binding', 'not-accepted', 'already-consumed', 'wrong-code', 'too-often'],
  },
  async (parts, call) => {
    const { asker, caller, body } = call;
    const transaction = await ownChallenge(parts, call);
    const finished = await parts.engine.challenges.finishApproval({ transaction, asker, showed: caller.showed, ...body });
    const { id, user, realm } = transaction;
    if (finished.kind === 'accepted') return { status: 200, body: { id, status: 'consumed', user, realm, serial: finished.serial } };
    throw notConsumed(transaction, finished);
  },
);

/** Why a challenge was not consumed. */
function notConsumed({ id }: Transaction, finished: Exclude<ApprovalFinished, { kind: 'accepted' }>): RestProblem {
  switch (finished.kind) {
    case 'wrong-binding':
      return new RestProblem('wrong-binding', 'The challenge was created with another binding.', { id });
    case 'wrong-code':
      return new RestProblem('wrong-code', 'The code is not that of the phone.', { id });
    case 'refused':
      return refusalOf(finished.refusal);
    case 'not-accepted': {
      const state = restStatus[finished.status];
      return state === 'consumed'
        ? new RestProblem('already-consumed', 'The challenge was consumed before; no second call is told of the approval.', { id, state })
        : new RestProblem('not-accepted', `The challenge is ${state}.`, { id, state });
    }
    default:
      return finished satisfies never;
  }
}

/** The auth server's own challenge. Those of others look like unknown ones. */
const ownChallenge = async ({ engine }: RestParts, { caller, param }: Pick<RestCall<unknown, unknown>, 'caller' | 'param'>) =>
  demandOwn(await engine.challenges.findOwn(param('id'), caller.server.name));

function demandOwn(transaction: Transaction | undefined): Transaction {
  if (transaction?.dialect === dialect) return transaction;
  throw new RestProblem('not-found', 'This auth server has no challenge with this id (any more).');
}

/** The endpoints for challenges. */
export const challengeEndpoints: readonly Endpoint[] = [create, get, cancel, consume];
