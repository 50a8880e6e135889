import { z } from 'zod';
import type { Approval, ApprovalRequest, Delivered } from '../../../engine/index.ts';
import type { Transaction } from '../../../foundation/model/index.ts';
import { approvalContext, fitsPhones, questionOf, shownLine, shownText } from '../../formats/approval/index.ts';
import { nameField } from '../../formats/management/index.ts';
import { fullPath } from '../../http/index.ts';
import { binding, ChallengeReply, challengeReply } from './challenge-reply.ts';
import { endpoint, type RestCall } from './endpoint.ts';
import { idempotencyHeaders, idempotencyProblems, makeOnce } from './idempotency.ts';
import { demandOwn } from './own-challenge.ts';
import type { RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';
import { refusalOf } from './refusals.ts';

const CreateBody = z
  .strictObject({
    user: nameField.optional().describe('The user to ask.'),
    realm: nameField.optional().describe('The realm of the user. Without it, the default realm or the one in the name.'),
    serial: nameField.optional().describe('The push token to ask, in place of a user.'),
    title: shownLine(64).optional().describe('The title on the phone.'),
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
    page: z
      .strictObject({
        returnUrl: z
          .string()
          .max(1024)
          .describe('Where the page sends the user back to: one of the returnUrls of this auth server, letter by letter.'),
        state: z.string().max(512).optional().describe('Comes back with the user, as the parameter state.'),
      })
      .optional()
      .describe('Makes a page for the browser of the user that shows the number, waits for the phone and leads back with a code.'),
    validitySeconds: z.int().min(10).max(600).optional().describe('How long the phone may answer. Policies may only shorten it.'),
  })
  .refine(({ user, serial }) => (user === undefined) !== (serial === undefined), { path: ['user'], message: 'name either user or serial' })
  .refine(({ realm, user }) => realm === undefined || user !== undefined, { path: ['realm'], message: 'a realm needs a user' })
  .refine(({ text, context }) => text !== undefined || context === undefined, { path: ['text'], message: 'context needs a text' })
  .refine(({ page, mode }) => page === undefined || mode !== 'code', { path: ['mode'], message: 'a page takes no code from the phone' })
  .refine(({ text, context }) => text === undefined || fitsPhones(questionOf(text, context)), {
    path: ['text'],
    message: 'text and context together must have at most 511 bytes',
  })
  .meta({
    id: 'NewChallenge',
    examples: [{ user: 'alice', title: 'ACME Bank', text: 'Send money?', context: { Amount: '100 EUR', To: 'Bob' }, mode: 'confirm' }],
    oneOf: [{ required: ['user'] }, { required: ['serial'] }],
    dependentRequired: { realm: ['user'], context: ['text'] },
  });

const CreatedReply = { description: 'The challenge was delivered, or waits for the phone to ask.', schema: ChallengeReply };

/** `POST /v1/challenges`. */
export const create = endpoint(
  {
    method: 'POST',
    path: '/v1/challenges',
    right: 'trigger',
    id: 'createChallenge',
    summary: 'Asks the phones of a user',
    body: CreateBody,
    headers: idempotencyHeaders,
    replies: { 201: CreatedReply },
    problems: ['cannot-be-asked', 'undeliverable', 'too-often', ...idempotencyProblems],
  },
  async (parts, call) => {
    const { challenges } = parts.engine;
    demandPage(parts, call);
    let fresh: Transaction | undefined;
    const { id, isRepeated } = await makeOnce(parts, call, async () => {
      const issued = await challenges.issueApproval(requestOf(parts, call));
      if (!issued.ok) throw refusalOf(issued.error);
      await demandReached(parts, issued.value, await challenges.deliver(issued.value));
      fresh = issued.value.transaction;
      return fresh.id;
    });
    const body = challengeReply(parts, fresh ?? demandOwn(await challenges.find(id)));
    const location = fullPath(parts.path, `/v1/challenges/${id}`);
    return { status: 201, body, headers: { location, ...(isRepeated ? { 'idempotency-replayed': 'true' } : {}) } };
  },
);

/** Refuses a page where there is none, and one that would lead to an address that is not registered. */
function demandPage({ publicUrl }: RestParts, { caller, body }: Pick<Creation, 'caller' | 'body'>): void {
  if (!body.page) return;
  const refusal = (field: string, rule: string) =>
    new RestProblem('invalid-request', `The body breaks a rule: ${field}: ${rule}.`, { errors: [{ field, rule }] });
  if (publicUrl === undefined) throw refusal('/page', 'this mount has no publicUrl in the configuration, so browsers cannot reach a page');
  if (!caller.server.returnUrls.includes(body.page.returnUrl))
    throw refusal('/page/returnUrl', 'is not one of the returnUrls of this auth server');
}

type Creation = RestCall<unknown, z.output<typeof CreateBody>>;

function requestOf({ graceMs }: RestParts, { asker, caller, body }: Pick<Creation, 'asker' | 'caller' | 'body'>): ApprovalRequest {
  const { user, realm, serial, title = 'pushgate', text, context, mode, binding: shown, validitySeconds, page } = body;
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
    page,
  };
}

/** Withdraws a challenge that no phone got or can ask for. */
async function demandReached({ engine }: RestParts, { transaction, hasJoined }: Approval, delivered: readonly Delivered[]): Promise<void> {
  if (hasJoined || delivered.some(({ sent, pollable }) => sent || pollable)) return;
  await engine.challenges.withdraw(transaction);
  throw new RestProblem('undeliverable', 'No provider took the push, and the phone may not ask for it.', { id: transaction.id });
}
