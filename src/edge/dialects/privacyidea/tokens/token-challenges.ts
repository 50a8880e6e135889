import type { Context } from 'koa';
import type { Engine } from '../../../../engine/index.ts';
import type { Actor, Challenge, ChallengeMode, Transaction } from '../../../../foundation/model/index.ts';
import { PiFault, type PiFlavour, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { actorOf } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { neighbours, pageOf } from './paging.ts';
import { numberOf } from './token-object.ts';

/**
 * `GET /token/challenges/[<serial>]`: what is open for a push token, oldest first; with `transaction_id` that transaction while it can be
 * finished. Neither the nonce nor what a user has to pick or type is told.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  await adminOf(parts, ctx, 'getchallenges');
  const serial = params.text('serial');
  const challenges = (await transactionsOf(parts.engine, params)).flatMap((transaction) =>
    transaction.decision.challenges
      .filter((challenge) => !serial || challenge.serial === serial)
      .map((challenge) => challengeObject(transaction, challenge, parts.product.flavour)),
  );
  const page = pageOf(params);
  const shown = challenges.slice(page.offset, page.offset + page.limit);
  const value = { challenges: shown, count: challenges.length, current: page.number, ...neighbours(page, challenges.length) };
  sendPi(ctx, parts.product, { id: 1, value });
}

async function transactionsOf(engine: Engine, params: PiParams): Promise<Transaction[]> {
  const id = params.text('transaction_id');
  if (id) {
    const found = await engine.challenges.findLive(id);
    return found ? [found] : [];
  }
  const serial = params.text('serial');
  if (!serial) throw new PiFault('parameter', 'You need to specify a serial or a transaction_id.');
  return engine.challenges.openOf(serial);
}

const modes: Record<ChallengeMode, string> = { confirm: 'standard', presence: 'require_presence', code: 'code_to_phone' };

function challengeObject(
  { id, createdAt, decision }: Transaction,
  { serial, mode, state, answer, wrongTries }: Challenge,
  flavour: PiFlavour,
) {
  return {
    ...(flavour === 'edumfa' ? eduFields(serial + id, state) : { data: { mode: modes[mode] } }),
    expiration: new Date(decision.finishUntil).toUTCString(),
    otp_received: answer !== undefined,
    otp_valid: state === 'accepted',
    received_count: wrongTries + (answer === undefined ? 0 : 1),
    serial,
    timestamp: new Date(createdAt).toUTCString(),
    transaction_id: id,
  };
}

/** eduMFA has a number for each challenge, and writes a decline into its data. @see docs/protocols/privacyidea.md 13 */
const eduFields = (name: string, state: Challenge['state']) => ({
  data: state === 'declined' ? 'challenge_declined' : '',
  id: numberOf(name),
});

/** `DELETE /token/challenges/transaction/<id>`: nobody can answer or finish it any more. @see docs/protocols/privacyidea.md 10 */
export async function cancelChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const by = await cancellerOf(parts, ctx);
  const deleted = await parts.engine.challenges.cancel(by, params.required('transaction_id'));
  sendPi(ctx, parts.product, { id: 1, value: { status: true, deleted } });
}

/** `DELETE /token/challenges/expired`: takes away what is over, before the gateway would. @see docs/protocols/privacyidea.md 10 */
export async function deleteExpiredChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  await readPiRequest(ctx, parts.product);
  const by = await cancellerOf(parts, ctx);
  const deleted = await parts.engine.challenges.deleteExpired(by);
  sendPi(ctx, parts.product, { id: 1, value: { status: true, deleted } });
}

async function cancellerOf(parts: PrivacyideaParts, ctx: Context): Promise<Actor> {
  const admin = await adminOf(parts, ctx, 'cancelchallenge');
  return actorOf(askerFor(parts, ctx), admin);
}
