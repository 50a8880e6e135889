import type { Context } from 'koa';
import type { Challenge, Transaction } from '../../../foundation/model/index.ts';
import { LinotpFault, type LinotpParams, readLinotpRequest, sendLinotp } from '../../formats/linotp/index.ts';
import { adminOf } from './caller.ts';
import type { LinotpParts } from './parts.ts';
import { storedName } from './subject.ts';
import { childId } from './trigger.ts';

/**
 * `GET|POST /admin/checkstatus`: the challenges of a serial or a user, as administrators see them: open ones, and with `open=true` closed ones as well.
 * Neither their words nor what they are signed with is told.
 * @see docs/protocols/linotp.md 10.8
 */
export async function adminCheckStatus(parts: LinotpParts, ctx: Context): Promise<void> {
  const params = await readLinotpRequest(ctx);
  await adminOf(parts, ctx, 'getchallenges');
  const serials = await serialsOf(parts, params);
  const values = Object.fromEntries(await Promise.all(serials.map(async (serial) => [serial, await challengesOf(parts, serial)] as const)));
  sendLinotp(ctx, parts.product, { id: 1, value: { values } });
}

async function serialsOf(parts: LinotpParts, params: LinotpParams): Promise<string[]> {
  const serial = params.text('serial');
  if (serial) return [serial];
  const name = params.text('user');
  if (!name) throw new LinotpFault('no-transaction', 'Missing parameter: transactionid, user or serial number!');
  return (await parts.engine.selectTokens(await storedName(parts, params, name))).map((token) => token.serial);
}

async function challengesOf(parts: LinotpParts, serial: string) {
  const open = await parts.engine.openTransactionsOf(serial);
  const rows = open.flatMap((transaction) =>
    transaction.decision.challenges
      .filter((challenge) => challenge.serial === serial)
      .map((challenge) => [childId(transaction, challenge), rowOf(transaction, challenge)] as const),
  );
  return { challenges: Object.fromEntries(rows) };
}

const rowOf = (transaction: Transaction, challenge: Challenge) => ({
  id: 0,
  transid: childId(transaction, challenge),
  challenge: '',
  tokenserial: challenge.serial,
  data: '',
  timestamp: new Date(transaction.createdAt).toISOString().slice(0, 19).replace('T', ' '),
  received_tan: challenge.state !== 'pending',
  valid_tan: challenge.state === 'accepted',
  session: { status: challenge.state === 'pending' ? 'open' : 'closed' },
});
