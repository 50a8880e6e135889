import type { Context } from 'koa';
import type { Asker, Engine } from '../../../../engine/index.ts';
import { ActForbidden, type Challenge, type ChallengeMode, type Transaction } from '../../../../foundation/model/index.ts';
import type { Admin } from '../../../access/index.ts';
import { PiFault, type PiFlavour, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { actorOf, publishActRefusal } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { neighbours, pageOf } from './paging.ts';
import { numberOf } from './token-object.ts';

/**
 * `GET /token/challenges/[<serial>]`: the open challenges of a push token, oldest first; with `transaction_id` those of
 * that transaction while it can be finished. Leaves out nonces, options and codes.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'getchallenges');
  const serial = params.text('serial');
  const transactions = await transactionsOf(parts.engine, params);
  const open = await parts.engine.admission.serialsOpenTo(askerFor(parts, ctx), admin, 'getchallenges', serialsIn(transactions));
  const challenges = transactions.flatMap((transaction) =>
    transaction.decision.challenges
      .filter((challenge) => open.includes(challenge.serial) && (!serial || challenge.serial === serial))
      .map((challenge) => challengeObject(transaction, challenge, parts.product.flavour)),
  );
  const page = pageOf(params);
  const shown = challenges.slice(page.offset, page.offset + page.limit);
  const value = { challenges: shown, count: challenges.length, current: page.number, ...neighbours(page, challenges.length) };
  sendPi(ctx, parts.product, { id: 1, value });
}

const serialsIn = (transactions: readonly Transaction[]): string[] => [
  ...new Set(transactions.flatMap(({ decision }) => decision.challenges.map(({ serial }) => serial))),
];

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

/** eduMFA gives each challenge a number, and records a decline in its data. @see docs/protocols/privacyidea.md 13 */
const eduFields = (name: string, state: Challenge['state']) => ({
  data: state === 'declined' ? 'challenge_declined' : '',
  id: numberOf(name),
});

/**
 * `DELETE /token/challenges/transaction/<id>`: it can no longer be answered or finished.
 * @see docs/protocols/privacyidea.md 10
 */
export async function cancelChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'cancelchallenge');
  const { challenges, admission } = parts.engine;
  const asker = askerFor(parts, ctx);
  const id = params.required('transaction_id');
  const found = await challenges.findLive(id);
  const serials = found ? serialsIn([found]) : [];
  // Cancelling affects all push tokens of the transaction.
  const open = await admission.serialsOpenTo(asker, admin, 'cancelchallenge', serials);
  if (open.length < serials.length) throw forbidden(parts, asker, admin);
  const deleted = await challenges.cancel(actorOf(asker, admin), id);
  sendPi(ctx, parts.product, { id: 1, value: { status: true, deleted } });
}

/**
 * `DELETE /token/challenges/expired`: deletes expired challenges before the gateway's own cleanup.
 * @see docs/protocols/privacyidea.md 10
 */
export async function deleteExpiredChallenges(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'cancelchallenge');
  const asker = askerFor(parts, ctx);
  if (parts.engine.admission.realmsOpenTo(asker, admin, 'cancelchallenge')) throw forbidden(parts, asker, admin);
  const deleted = await parts.engine.challenges.deleteExpired(actorOf(asker, admin));
  sendPi(ctx, parts.product, { id: 1, value: { status: true, deleted } });
}

function forbidden(parts: PrivacyideaParts, asker: Asker, admin: Admin): ActForbidden {
  publishActRefusal(parts, asker, { admin, act: 'cancelchallenge', reason: 'no-right' });
  return new ActForbidden('cancelchallenge');
}
