import { z } from 'zod';
import type { Transaction } from '../../../foundation/model/index.ts';
import { binding } from './challenge-reply.ts';
import { endpoint, type RestCall } from './endpoint.ts';
import { demandOwn, ownChallenge } from './own-challenge.ts';
import type { RestParts } from './parts.ts';
import { notConsumed } from './refusals.ts';

const ConsumeBody = z.strictObject({
  binding: binding.optional().describe('The binding that the challenge was created with.'),
  code: z.string().trim().min(1).max(64).optional().describe('The code that the user read from the phone, for mode code.'),
});

const ConsumedReply = z
  .strictObject({
    id: z.string(),
    status: z.literal('consumed'),
    user: z.string(),
    realm: z.string(),
    serial: z.string().describe('The push token whose phone accepted.'),
  })
  .meta({ id: 'ConsumedChallenge' });

const consumed = { 200: { description: 'The user approved, and this call is the only one to hear it.', schema: ConsumedReply } } as const;
const consumeProblems = ['not-found', 'wrong-binding', 'not-accepted', 'already-consumed', 'too-often'] as const;

/** `POST /v1/challenges/:id/consume`. */
export const consume = endpoint(
  {
    method: 'POST',
    path: '/v1/challenges/:id/consume',
    right: 'check',
    id: 'consumeChallenge',
    summary: 'Takes an accepted challenge, exactly once',
    body: ConsumeBody,
    replies: consumed,
    problems: [...consumeProblems, 'wrong-code'],
  },
  async (parts, call) => consumeFor(parts, call, await ownChallenge(parts, call)),
);

/** `POST /v1/page-codes/consume`. */
export const consumeFromPage = endpoint(
  {
    method: 'POST',
    path: '/v1/page-codes/consume',
    right: 'check',
    id: 'consumePageCode',
    summary: 'Takes the challenge of a waiting page, exactly once',
    description: 'With the code that the browser brought back, within 60 seconds.',
    body: z.strictObject({
      code: z.string().max(256).describe('The parameter code of the return URL.'),
      binding: binding.optional().describe('The binding that the challenge was created with.'),
    }),
    replies: consumed,
    problems: consumeProblems,
  },
  async (parts, { body: { code, ...body }, ...call }) => {
    const found = await parts.engine.challenges.findByPageCode({ code, authServer: call.caller.server.name });
    return consumeFor(parts, { ...call, body }, demandOwn(found, 'This code is wrong or older than 60 seconds.'));
  },
);

async function consumeFor(
  { engine }: RestParts,
  { asker, caller, body }: Pick<RestCall<unknown, z.output<typeof ConsumeBody>>, 'asker' | 'caller' | 'body'>,
  transaction: Transaction,
) {
  const finished = await engine.challenges.finishApproval({ transaction, asker, showed: caller.showed, ...body });
  const { id, user, realm } = transaction;
  if (finished.kind === 'accepted') return { status: 200, body: { id, status: 'consumed', user, realm, serial: finished.serial } };
  throw notConsumed(transaction, finished);
}
