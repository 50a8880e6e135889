import { z } from 'zod';
import type { Status } from '../../../engine/index.ts';
import type { Transaction } from '../../../foundation/model/index.ts';
import type { RestParts } from './parts.ts';

/** A moment (epoch ms) in replies. */
export const iso = (moment: number): string => new Date(moment).toISOString();

/** The words of this dialect for the status of a challenge. `cancelled` is a decline with that reason. */
export const restStatus: Record<Status, z.output<typeof ChallengeStatus>> = {
  pending: 'pending',
  'code-shown': 'code_shown',
  accepted: 'accepted',
  declined: 'declined',
  cancelled: 'declined',
  locked: 'locked',
  withdrawn: 'withdrawn',
  consumed: 'consumed',
  expired: 'expired',
};

const ChallengeStatus = z.enum(['pending', 'code_shown', 'accepted', 'declined', 'locked', 'withdrawn', 'consumed', 'expired']);

/** The field `binding` of requests. */
export const binding = z.string().min(1).max(256);

/** A challenge in replies. */
export const ChallengeReply = z
  .strictObject({
    id: z.string().describe('The id of the challenge: 20 digits.'),
    status: ChallengeStatus,
    reason: z.enum(['declined', 'cancelled', 'not-me']).optional().describe('Why the phone declined, if it did.'),
    mode: z.enum(['presence', 'code', 'confirm']),
    number: z.string().optional().describe('Mode presence, while it is pending: the number to show to the user.'),
    digits: z.int().optional().describe('Mode code: the length of the code that the user types.'),
    page: z.url().optional().describe('While it is pending: the address of the page to send the browser to, if one was asked for.'),
    user: z.string(),
    realm: z.string(),
    phones: z.array(
      z.strictObject({ serial: z.string(), state: z.enum(['pending', 'code_shown', 'accepted', 'declined', 'locked', 'closed']) }),
    ),
    createdAt: z.iso.datetime(),
    answerUntil: z.iso.datetime().describe('The phone may answer before this moment.'),
    consumeUntil: z.iso.datetime().describe('It may be consumed before this moment. An answer extends it.'),
  })
  .meta({ id: 'Challenge' });

/** The reply for a transaction of this dialect. */
export function challengeReply(parts: Pick<RestParts, 'engine' | 'publicUrl'>, transaction: Transaction): z.output<typeof ChallengeReply> {
  const { engine } = parts;
  const { id, user, realm, createdAt, decision } = transaction;
  const { challenges, answerUntil, finishUntil } = decision;
  const [first] = challenges;
  const status = engine.challenges.statusOf(transaction);
  const declined = challenges.find(({ state }) => state === 'declined');
  const mode = first?.mode ?? 'confirm';
  return {
    id,
    status: restStatus[status],
    reason: status === 'declined' || status === 'cancelled' ? declined?.declineReason : undefined,
    mode,
    number: status === 'pending' ? first?.rightOption : undefined,
    digits: first?.code?.digits,
    page: status === 'pending' ? pageAddress(parts, transaction) : undefined,
    user,
    realm,
    phones: challenges.map(({ serial, state }) => ({ serial, state: state === 'code-shown' ? 'code_shown' : state })),
    createdAt: iso(createdAt),
    answerUntil: iso(answerUntil),
    consumeUntil: iso(finishUntil),
  };
}

/** The address of the waiting page; undefined without one. */
function pageAddress({ engine, publicUrl }: Pick<RestParts, 'engine' | 'publicUrl'>, transaction: Transaction): string | undefined {
  const secret = engine.challenges.pageSecret(transaction);
  return secret && publicUrl && `${publicUrl}/wait/${transaction.authServer}/${secret}`;
}
