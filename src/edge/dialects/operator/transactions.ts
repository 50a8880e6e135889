import type { Context } from 'koa';
import { z } from 'zod';
import { statuses } from '../../../engine/index.ts';
import { demandName, type Transaction } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import { iso, nameField, timeOf } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { administratorOf, adminTokenOf, askerFor, type OperatorParts, readQuery } from './parts.ts';

const wish = z.strictObject({
  user: nameField.optional(),
  realm: nameField.optional(),
  serial: nameField.optional(),
  state: z.enum(statuses).optional(),
  since: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/**
 * `GET /ops/transactions?user&realm&serial&state&since&limit`: open logins and those that ended within the hour, newest
 * first. `since` has the form of the audit's `from`. Administrators need the right `operate`, or `getchallenges` for
 * the realms of the push tokens.
 */
export async function listTransactions(parts: OperatorParts, ctx: Context): Promise<void> {
  const reader = await readerOf(parts, ctx);
  const { state, since, realm, user, ...asked } = readQuery(ctx, wish);
  const from = timeOf(since, parts.engine.clock());
  if (Number.isNaN(from))
    throw new OperatorFault('bad-request', 'since is not a time; write 2026-11-30T08:00:00Z, or 90m, 12h, 7d for so long ago.');
  const named = parts.engine.admission.resolveName({}, { name: user ?? '', realm });
  if (named === 'foreign') throw new OperatorFault('not-found', `There is no realm ${realm}.`);
  const isInRealm = realm !== undefined || (user !== undefined && named.user !== user);
  const realms = isInRealm ? [named.realm].filter((each) => reader.realms?.includes(each) !== false) : reader.realms;
  const who = user === undefined ? undefined : named.user;
  const found = await parts.engine.challenges.list({ ...asked, user: who, realms, status: state, since: from });
  const shown = await Promise.all(found.map(async (each) => ((await reader.mayRead(each)) ? [each] : [])));
  ctx.body = { transactions: shown.flat().map((each) => transactionRow(parts, each)) };
}

const serialsIn = ({ decision }: Transaction): string[] => [...new Set(decision.challenges.map(({ serial }) => serial))];

/** A transaction in a list, without values that a phone signs or a user picks or types. */
function transactionRow({ engine }: OperatorParts, transaction: Transaction) {
  const { id, kind, authServer, dialect, user, realm, createdAt, decision } = transaction;
  return {
    id,
    kind,
    authServer,
    dialect,
    user,
    realm,
    createdAt: iso(createdAt),
    status: engine.challenges.statusOf(transaction),
    challenges: decision.challenges.map(({ serial, mode, state }) => ({ serial, mode, state })),
  };
}

/**
 * `GET /ops/transactions/:id`: the status of a transaction, its deadlines for answer and finish, and its delivery
 * trail. Rights as for the list.
 */
export async function showTransaction(parts: OperatorParts, ctx: Context): Promise<void> {
  const reader = await readerOf(parts, ctx);
  const transaction = await parts.engine.challenges.find(demandName('The id of the transaction', String(ctx.params.id)));
  if (!transaction || !(await reader.mayRead(transaction)))
    throw new OperatorFault('not-found', 'There is no such transaction (any more).');
  const trail = await parts.engine.challenges.trailOf(transaction.id);
  ctx.body = {
    ...transactionRow(parts, transaction),
    answerUntil: iso(transaction.decision.answerUntil),
    finishUntil: iso(transaction.decision.finishUntil),
    trail: trail.map((entry) => ({ ...entry, at: iso(entry.at) })),
  };
}

/**
 * The transactions that an administrator may read: those of users of these realms (undefined: all), if all their push
 * tokens are in scope.
 */
type Reader = { realms: string[] | undefined; mayRead: (transaction: Transaction) => Promise<boolean> };

async function readerOf(parts: OperatorParts, ctx: Context): Promise<Reader> {
  const { admission } = parts.engine;
  const asker = askerFor(parts, ctx);
  const token = adminTokenOf(ctx);
  const known = token.ok ? await parts.adminTokens.read(token.value) : token;
  const right: Permission = known.ok && admission.mayAdminister(asker, known.value, 'operate') ? 'operate' : 'getchallenges';
  const admin = await administratorOf(parts, ctx, right);
  const realms = right === 'operate' ? undefined : admission.realmsOpenTo(asker, admin, right);
  return {
    realms,
    async mayRead(transaction) {
      if (!realms) return true;
      const serials = serialsIn(transaction);
      return serials.length > 0 && (await admission.serialsOpenTo(asker, admin, right, serials)).length === serials.length;
    },
  };
}
